"""What acts at the moments of a training, what a run keeps, and what ends it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from cvlib.data import digits
from cvlib.training import (
    Callback,
    ClipGradients,
    EarlyStopping,
    ExponentialMovingAverage,
    TensorBoard,
    Training,
    cosine,
    evaluate,
    fit,
)
from cvlib.training.checkpoints import fingerprint

SGD = partial(torch.optim.SGD, lr=0.1)
TRAIN, HELD_OUT = digits()[:400].split(test=100)
SETTINGS: dict[str, Any] = {"epochs": 2, "batch_size": 50, "optimizer": SGD, "device": "cpu"}


def network(seed: int = 0, *, normalized: bool = False) -> nn.Sequential:
    torch.manual_seed(seed)
    between = [nn.BatchNorm1d(32)] if normalized else []
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), *between, nn.ReLU(), nn.Linear(32, 10))


def weights(model: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(model.parameters()).detach()


class Moments(Callback):
    def __init__(self) -> None:
        self.seen: list[str] = []
        self.norms: list[float] = []

    def on_train_begin(self, training: Training) -> None:
        self.seen.append("begin")

    def on_before_optimizer_step(self, training: Training) -> None:
        gradients = [weight.grad for weight in training.model.parameters()]
        self.norms.append(float(nn.utils.get_total_norm(gradients)))  # type: ignore[arg-type]
        assert len(training.inputs) == len(training.targets) == len(training.outputs)
        loss = F.cross_entropy(training.outputs, training.targets)
        assert float(training.loss) == pytest.approx(float(loss))  # type: ignore[arg-type]

    def on_batch_end(self, training: Training) -> None:
        self.seen.append(f"step {training.step}")

    def on_epoch_end(self, training: Training) -> None:
        assert training.history.epochs[-1].number == training.epoch
        self.seen.append(f"epoch {training.epoch}")

    def on_train_end(self, training: Training) -> None:
        self.seen.append("end")


def test_moments_come_in_their_order() -> None:
    moments = Moments()
    fit(network(), TRAIN, epochs=2, batch_size=100, callbacks=[moments], device="cpu")
    first, second = (["step 0", "step 1", "step 2"], ["step 3", "step 4", "step 5"])
    assert moments.seen == ["begin", *first, "epoch 1", *second, "epoch 2", "end"]


def test_a_callback_can_end_the_training() -> None:
    class Enough(Callback):
        def on_epoch_end(self, training: Training) -> None:
            training.stop = training.epoch == 2

    history = fit(network(), TRAIN, callbacks=[Enough()], **SETTINGS | {"epochs": 9})
    assert len(history.epochs) == 2


@pytest.mark.parametrize("max_norm", [0.01, 0.5, 100.0])
def test_gradients_are_clipped_as_torch_does(max_norm: float) -> None:
    mine, theirs = network(), network()
    after = Moments()
    one = SETTINGS | {"epochs": 1, "batch_size": len(TRAIN)}
    fit(mine, TRAIN, callbacks=[ClipGradients(max_norm), after], **one)
    F.cross_entropy(theirs(TRAIN.images / 255), TRAIN.labels).backward()
    norm = nn.utils.clip_grad_norm_(theirs.parameters(), max_norm)
    SGD(theirs.parameters()).step()
    assert torch.allclose(weights(mine), weights(theirs), atol=1e-7)
    assert after.norms[0] == pytest.approx(min(float(norm), max_norm), rel=1e-4)


@pytest.mark.parametrize("wrong", [0, -1, "much"])
def test_a_bound_that_is_none_is_named(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="max_norm is"):
        ClipGradients(wrong)
    with pytest.raises((TypeError, ValueError), match="decay is"):
        ExponentialMovingAverage(wrong - 1 if wrong != "much" else wrong)
    with pytest.raises(ValueError, match="decay is 1; expected less"):
        ExponentialMovingAverage(1)


def test_the_moving_average_is_torchs_and_is_what_is_evaluated_and_kept() -> None:
    mine, theirs = network(normalized=True), network(normalized=True)
    averaged = AveragedModel(theirs, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)

    class Torchs(Callback):
        def on_batch_end(self, training: Training) -> None:
            averaged.update_parameters(training.model)

    history = fit(mine, TRAIN, HELD_OUT, callbacks=[ExponentialMovingAverage(0.9)], **SETTINGS)
    fit(theirs, TRAIN, HELD_OUT, callbacks=[Torchs()], **SETTINGS)
    assert torch.equal(weights(mine), weights(averaged.module))
    assert not torch.equal(weights(mine), weights(theirs))
    assert history.epochs[-1].validation_loss == evaluate(mine, HELD_OUT).loss


def test_tensorboard_reads_a_training_while_it_runs(tmp_path: Any) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    seen = []

    class Look(Callback):
        def on_epoch_end(self, training: Training) -> None:
            events = accumulator.EventAccumulator(str(tmp_path / "events"))
            events.Reload()
            seen.append([event.value for event in events.Scalars("loss/train")])

    history = fit(
        network(), TRAIN, callbacks=[TensorBoard(tmp_path / "events"), Look()], **SETTINGS
    )
    losses = history.values("train_loss")
    assert seen == [pytest.approx(losses[:1]), pytest.approx(losses)]


@pytest.mark.parametrize("parts", [2, 3, 7, 50, 80])
@pytest.mark.parametrize("weighted", [False, True])
def test_accumulated_gradients_are_those_of_the_whole_batch(parts: int, weighted: bool) -> None:
    loss = nn.CrossEntropyLoss(torch.arange(1.0, 11.0), ignore_index=3) if weighted else None
    ends, losses = [], []
    for accumulate in (1, parts):
        model = network()
        history = fit(model, TRAIN[:130], loss=loss, accumulate=accumulate, **SETTINGS)
        ends.append(weights(model))
        losses.append(history.values("train_loss"))
    assert torch.allclose(*ends, atol=1e-6)
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert not torch.allclose(ends[0], weights(network()), atol=1e-3)


def test_the_best_epoch_is_kept_where_the_last_is_worse() -> None:
    class Ruin(Callback):
        def on_batch_end(self, training: Training) -> None:
            if training.epoch == 3:
                with torch.no_grad():
                    training.model[-1].weight.mul_(-1)  # type: ignore[index, operator]

    for keep in ("last", "best"):
        model = network()
        settings = SETTINGS | {"epochs": 3, "callbacks": [Ruin()], "keep": keep}
        history = fit(model, TRAIN, HELD_OUT, **settings)
        losses = history.values("validation_loss")
        assert min(losses) < losses[-1]
        expected = min(losses) if keep == "best" else losses[-1]
        assert evaluate(model, HELD_OUT).loss == expected


def test_what_ends_a_training_has_its_history_and_leaves_the_best_weights() -> None:
    class End(Callback):
        def __init__(self, error: BaseException) -> None:
            self.error = error

        def on_batch_end(self, training: Training) -> None:
            if training.epoch == 3:
                raise self.error

    for error in (KeyboardInterrupt(), RuntimeError("out of paper")):
        model = network()
        settings = SETTINGS | {"epochs": 9, "callbacks": [End(error)], "keep": "best"}
        with pytest.raises(type(error)) as ended:
            fit(model, TRAIN, HELD_OUT, **settings)
        history = ended.value.history  # type: ignore[union-attr]
        assert [epoch.number for epoch in history.epochs] == [1, 2]
        assert evaluate(model, HELD_OUT).loss == min(history.values("validation_loss"))
    with pytest.raises(FloatingPointError) as astray:
        fit(network(), TRAIN, loss=lambda y, t: F.cross_entropy(y, t) * torch.inf, **SETTINGS)
    assert astray.value.history.epochs == []  # type: ignore[attr-defined]


def test_a_test_set_is_refused_and_told_why() -> None:
    with pytest.raises(TypeError, match=r"looked at while training chooses.*Pass validation="):
        fit(network(), TRAIN, test=HELD_OUT, **SETTINGS)  # type: ignore[arg-type]


def test_a_frozen_normalization_stays_frozen() -> None:
    for whole in (True, False):
        model = network(normalized=True)
        frozen = model[2]
        assert isinstance(frozen, nn.BatchNorm1d)
        frozen.eval() if whole else model.eval()
        fit(model, TRAIN, **SETTINGS)
        # In a network that comes in evaluation mode as a whole, nothing was frozen by hand.
        assert torch.equal(frozen.running_mean, torch.zeros(32)) == whole  # type: ignore[arg-type]
        assert not frozen.training
        assert model.training == whole


def test_a_last_batch_of_one_under_batch_normalization_is_explained() -> None:
    with pytest.raises(ValueError, match=r"batch of one picture has no spread.*batch_size"):
        fit(network(normalized=True), TRAIN[:101], **SETTINGS)


def test_an_optimizer_that_needs_a_closure_is_named() -> None:
    with pytest.raises(ValueError, match="optimizer is LBFGS, whose step needs a closure"):
        fit(network(), TRAIN, **SETTINGS | {"optimizer": torch.optim.LBFGS})


def test_a_plateau_of_rising_losses_is_refused() -> None:
    model = network()
    sgd = SGD(model.parameters())
    rising = ReduceLROnPlateau(sgd, mode="max")
    with pytest.raises(ValueError, match="mode 'max', but it is given the loss"):
        fit(model, TRAIN, schedule=rising, **SETTINGS | {"optimizer": sgd})


def test_validation_by_other_batches_measures_the_same() -> None:
    losses = [
        fit(network(), TRAIN, HELD_OUT, validation_batch_size=size, **SETTINGS).epochs[-1]
        for size in (7, 1000)
    ]
    assert losses[0].validation_loss == pytest.approx(losses[1].validation_loss, rel=1e-6)
    with pytest.raises(ValueError, match="validation_batch_size is 0"):
        fit(network(), TRAIN, HELD_OUT, validation_batch_size=0, **SETTINGS)


def test_workers_load_the_same() -> None:
    class Items(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(TRAIN)

        def __getitem__(self, index: int) -> Any:
            return TRAIN.images[index], int(TRAIN.labels[index])

    ends = []
    for workers in (0, 1):
        model = network()
        fit(model, Items(), workers=workers, **SETTINGS | {"epochs": 1})
        ends.append(weights(model))
    assert torch.equal(*ends)


def test_deterministic_asks_torch_and_gives_back_what_was() -> None:
    class Look(Callback):
        def on_batch_end(self, training: Training) -> None:
            assert torch.are_deterministic_algorithms_enabled()

    fit(network(), TRAIN, deterministic=True, callbacks=[Look()], **SETTINGS)
    assert not torch.are_deterministic_algorithms_enabled()


def linear_loss(slope: float) -> Any:
    return lambda outputs, labels: slope * F.cross_entropy(outputs, labels)


def shifted(images: Any, labels: Any, generator: Any, by: int = 1) -> Any:
    return images.roll(by, 3), labels


ADAM = torch.optim.Adam
OTHERS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "rate": ("optimizer", {"optimizer": partial(ADAM, lr=0.1)}, {"optimizer": ADAM}),
    "decay": ("optimizer", {"optimizer": ADAM}, {"optimizer": partial(ADAM, weight_decay=0.1)}),
    "AdamW": ("optimizer", {"optimizer": ADAM}, {"optimizer": torch.optim.AdamW}),
    "SGD": ("optimizer", {"optimizer": ADAM}, {"optimizer": SGD}),
    "schedule": ("schedule", {}, {"schedule": cosine}),
    "settings": ("schedule", {"schedule": cosine}, {"schedule": partial(cosine, floor=0.1)}),
    "loss": ("loss", {}, {"loss": nn.CrossEntropyLoss(label_smoothing=0.1)}),
    "closure": ("loss", {"loss": linear_loss(1.0)}, {"loss": linear_loss(2.0)}),
    "augmentation": ("augmentation", {}, {"augment": shifted}),
    "by": ("augmentation", {"augment": shifted}, {"augment": partial(shifted, by=2)}),
    "size": ("batch_size", {}, {"batch_size": 60}),
    "parts": ("accumulate", {}, {"accumulate": 2}),
    "seed": ("seed", {}, {"seed": 5}),
    "data": ("data", {}, {"train": TRAIN[:299]}),
    "labels": ("data", {}, {"train": digits()[400:800].split(test=100)[0]}),
    "precision": ("precision", {}, {"amp": "bfloat16"}),
    "network": ("network", {}, {"model": nn.Sequential(nn.Flatten(), nn.Linear(64, 10))}),
    "callback": ("callbacks", {}, {"callbacks": [ClipGradients(1.0)]}),
    "bound": ("callbacks", {"callbacks": [ClipGradients(1.0)]}, {"callbacks": [ClipGradients(2)]}),
    "patience": ("early stopping", {}, {"early_stopping": EarlyStopping(1, "train_loss")}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_run_that_goes_on_as_another_is_refused_by_name(name: str, tmp_path: Any) -> None:
    named, first, second = OTHERS[name]
    path = tmp_path / "run.pt"

    def run(resume: bool, model: Any = None, train: Any = TRAIN, **more: Any) -> None:
        settings = SETTINGS | {"checkpoint": path, "resume": resume, "seed": 3} | more
        fit(model or network(), train, **settings)

    run(False, **first)
    before = path.read_bytes()
    run(True, **first)  # the same goes on, and has nothing left to do
    with pytest.raises(ValueError, match=f"of a run with {named} .*, this one has"):
        run(True, **second)
    assert path.read_bytes() == before


def test_fingerprints_are_of_what_acts_not_of_where_it_lies() -> None:
    for make in (network, lambda: SGD(network().parameters()), lambda: linear_loss(2.0)):
        assert fingerprint(make()) == fingerprint(make())
    assert fingerprint(torch.zeros(3)) != fingerprint(torch.zeros(3, dtype=torch.int32))
    assert fingerprint(torch.zeros(())) != fingerprint(torch.ones(()))
    assert fingerprint(torch.ones(2).bfloat16()) != fingerprint(torch.zeros(2).bfloat16())
    assert fingerprint(nn.Dropout(0.1)) != fingerprint(nn.Dropout(0.2))
    assert fingerprint({"a", "b"}) == fingerprint({"b", "a"})
    circle: list[Any] = [1]
    circle.append(circle)
    assert fingerprint(circle) == "[1, itself]"
    assert " at 0x" not in fingerprint([network(), SGD(network().parameters()), shifted, TRAIN])


@pytest.mark.parametrize("where", ["loader", "sampler"])
def test_a_loader_with_its_own_generator_goes_on_bit_for_bit(where: str, tmp_path: Any) -> None:
    class StopError(Exception):
        pass

    stop_at: list[int | None] = [None]

    class Stop(Callback):
        def on_epoch_end(self, training: Training) -> None:
            if training.epoch == stop_at[0]:
                raise StopError

    def train(**more: Any) -> torch.Tensor:
        generator = torch.Generator().manual_seed(4)
        pairs = TensorDataset(TRAIN.images, TRAIN.labels)
        if where == "loader":
            loader = DataLoader(pairs, 50, shuffle=True, generator=generator)
        else:
            loader = DataLoader(pairs, 50, sampler=RandomSampler(pairs, generator=generator))
        model = network()
        settings = SETTINGS | {"epochs": 4, "callbacks": [Stop()]} | more
        fit(model, loader, **settings)
        return weights(model)

    whole, path = train(), tmp_path / "run.pt"
    stop_at[0] = 3
    with pytest.raises(StopError):
        train(checkpoint=path)
    stop_at[0] = None
    assert torch.equal(train(checkpoint=path, resume=True), whole)


def test_a_loader_whose_workers_stay_is_refused_with_a_checkpoint(tmp_path: Any) -> None:
    pairs = TensorDataset(TRAIN.images, TRAIN.labels)
    loader = DataLoader(pairs, 50, num_workers=1, persistent_workers=True)
    with pytest.raises(ValueError, match="persistent_workers, whose random states no checkpoint"):
        fit(network(), loader, checkpoint=tmp_path / "run.pt", **SETTINGS)


def test_a_moving_average_goes_on_bit_for_bit(tmp_path: Any) -> None:
    def train(epochs: int, **more: Any) -> torch.Tensor:
        model = network(normalized=True)
        average = ExponentialMovingAverage(0.9)
        fit(model, TRAIN, callbacks=[average], **SETTINGS | {"epochs": epochs}, **more)
        return weights(model)

    whole, path = train(4), tmp_path / "run.pt"
    train(2, checkpoint=path)
    assert torch.equal(train(4, checkpoint=path, resume=True), whole)
