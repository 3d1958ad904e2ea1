"""The learning rate of each step, set by our schedules and by torch's alike."""

import pytest
import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from cvlib.training import Plateau, fit
from tests.training.classifiers import SGD, linear, weights

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_schedule_sets_the_rate_of_each_step(sets):
    def slower(step, total_steps):
        asked.append((step, total_steps))
        return 1 - step / total_steps

    asked = []
    model, by_hand = linear(), linear()
    optimizer = SGD(model.parameters())
    history = fit(model, *sets, epochs=2, optimizer=optimizer, schedule=slower, device="cpu")
    assert asked == [(step, 24) for step in range(24)]
    assert history.values("learning_rate") == pytest.approx([0.5 * 13 / 24, 0.5 * 1 / 24])
    assert optimizer.param_groups[0]["lr"] == 0.5, "the rate that the optimizer came with is back"

    theirs = SGD(by_hand.parameters())
    scheduler = torch.optim.lr_scheduler.LambdaLR(theirs, lambda step: 1 - step / 24)
    again = fit(by_hand, *sets, epochs=2, optimizer=theirs, schedule=scheduler, device="cpu")
    assert torch.equal(weights(model), weights(by_hand))
    assert again.values("learning_rate") == pytest.approx(history.values("learning_rate"))


def test_a_plateau_is_waited_for_as_torch_does(sets):
    def run(schedule_of):
        model = linear()
        optimizer = SGD(model.parameters())
        schedule = schedule_of(optimizer)
        return fit(
            *(model, *sets), epochs=5, optimizer=optimizer, schedule=schedule, device="cpu"
        ).values("learning_rate")

    settings = {"factor": 0.5, "patience": 0, "threshold": 0.3}
    ours = run(lambda optimizer: Plateau(**settings))
    theirs = run(lambda optimizer: ReduceLROnPlateau(optimizer, **settings))
    assert ours == theirs
    assert ours[0] == 0.5
    assert ours[-1] < 0.5


def test_a_schedule_that_is_not_one_is_named(sets):
    other = SGD(linear().parameters())
    with pytest.raises(TypeError, match="schedule is float; expected a function of the step"):
        fit(linear(), *sets, epochs=1, schedule=0.5, device="cpu")
    scheduler = torch.optim.lr_scheduler.StepLR(other, 1)
    with pytest.raises(ValueError, match="schedule was made for another optimizer"):
        fit(linear(), *sets, epochs=1, optimizer=SGD, schedule=scheduler, device="cpu")
