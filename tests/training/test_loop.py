"""The loop against one written by hand: what it learns, shows and leaves as it was."""

import shutil
import sys
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from cvlib import layers
from cvlib.data import ImageSet
from cvlib.training import EarlyStopping, evaluate, fit
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
    assert (record.test_loss, record.test_accuracy) == (measured.loss, measured.accuracy)


def test_learns_real_digits(sets):
    history = fit(linear(), *sets, epochs=10, optimizer=SGD, device="cpu")
    first, last = history.epochs[0], history.epochs[-1]
    assert last.test_accuracy > 0.9
    assert last.train_loss < first.train_loss / 2
    assert last.test_loss < first.test_loss


def test_learns_nothing_from_labels_that_say_nothing(sets):
    train, test = sets
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    shuffled = ImageSet(train.images, train.labels[order], train.classes, "shuffled labels")
    history = fit(linear(), shuffled, test, epochs=10, optimizer=SGD, device="cpu")
    assert history.epochs[-1].test_accuracy < 0.3


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
    assert without.epochs[-1].test_loss is without.epochs[-1].test_accuracy is None


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
    assert history.epochs[-1].test_loss < before.loss
    assert history.epochs[-1].test_loss == evaluate(model, sets[1], loss=squares).loss


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
    losses = history.values("test_loss")
    assert len(losses) < 60
    assert rule.should_stop(losses)
    assert not rule.should_stop(losses[:-1])
    assert evaluate(model, sets[1]).loss == min(losses) < losses[-1]
    for test, monitor in ((None, "test_loss"), (sets[1], "top3")):
        rule = EarlyStopping(monitor=monitor)
        with pytest.raises(ValueError, match=f"early_stopping watches '{monitor}'; expected one"):
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
        self.attention = layers.MultiheadAttention(4, 2)

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
def test_the_compiled_network_learns_the_same(sets):
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
        assert here.test_loss == pytest.approx(there.test_loss, rel=1e-4)
    on_gpu = evaluate(runs["cuda"][1], sets[1])
    assert evaluate(runs["cuda"][1], sets[1], device="cpu").loss == pytest.approx(on_gpu.loss)
