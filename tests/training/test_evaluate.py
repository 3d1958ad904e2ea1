"""What `evaluate` measures, against scikit-learn, and what it leaves as it was."""

import math
from functools import partial

import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, top_k_accuracy_score
from torch import nn
from torch.nn import functional as F

from cvlib.data import ImageSet
from cvlib.training import Evaluation, evaluate, fit
from cvlib.training.learning_rate_finder import find_learning_rate
from cvlib.training.losses import cross_entropy
from tests.training.classifiers import SGD, linear, numbered, weights

pytestmark = pytest.mark.usefixtures("one_thread")


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
    with pytest.raises(ValueError, match="metrics are measured on the test set"):
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
        assert history.epochs[0].test_loss == pytest.approx(expected, rel=1e-5)


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
    *batches, whole = graphs
    assert all(batches)
    assert not whole
