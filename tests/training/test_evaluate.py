"""What `evaluate` measures, against scikit-learn, and what it leaves as it was."""

import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, top_k_accuracy_score
from torch import nn
from torch.nn import functional as F

from cvlib.training import Evaluation, evaluate, fit
from tests.training.classifiers import linear, numbered

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
    pictures = numbered(11)
    means = iter([1.0, 100.0])

    def loss(output, labels):
        return output.sum() * 0 + next(means)

    history = fit(linear(), pictures, epochs=1, batch_size=10, loss=loss, device="cpu")
    assert history.epochs[0].train_loss == pytest.approx((10 * 1 + 1 * 100) / 11)
    means = iter([1.0, 100.0])
    assert evaluate(linear(), pictures, batch_size=10, loss=loss).loss == pytest.approx(10)
