"""From LeNet-5 of 1998 to today's LeNet, one change at a time: ``python -m benchmarks.lenet``.

Each network differs from the one before it in one part, and all learn the same pictures in the same
number of steps. Each may choose its learning rate, on a fifth of these pictures held out, so that
none is judged by a rate that suits another; the test pictures have no say. The seconds are those of
the processor, so that other programs do not count; evaluating does not either.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.record import record
from cvlib.data import ImageSet, mnist
from cvlib.networks import LeNet, LeNet5
from cvlib.networks.lenet5 import lenet5_loss, scaled_tanh
from cvlib.training import evaluate, fit, one_cycle

SEED = 0  # the first; the others are counted from it
PICTURES = 6_000  # to learn from
EPOCHS = 6
BATCH_SIZE = 64
LEARNING_RATES = (0.001, 0.003, 0.01)  # for Adam; the highest of the one cycle
VALIDATION = 0.2  # of the pictures

DENSE, MAX, LINEAR, RELU = "C3 sees all maps", "max pooling", "linear outputs", "ReLU"
CHANGES = (DENSE, MAX, LINEAR, RELU)  # ReLU after the outputs: it could not reach their -1
LAST = "today's start and scale: LeNet"


def drawn(layer: nn.Module, inputs: int) -> nn.Module:
    """Draw a layer's numbers as the paper of 1998 does, for units of so many inputs."""
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -2.4 / inputs, 2.4 / inputs)
    return layer


class Between(LeNet5):
    """LeNet-5 with some of its parts replaced.

    Parameters
    ----------
    changes
        Which of :data:`CHANGES`. What stays is drawn, and fed, as in 1998.
    """

    def __init__(self, changes: Iterable[str]) -> None:
        super().__init__()
        new = set(changes)
        squash: Callable[[Tensor], Tensor] = F.relu if RELU in new else scaled_tanh
        self.squash, self.after_pooling = squash, squash
        self.sign = -1
        if DENSE in new:
            self.c3 = drawn(nn.Conv2d(6, 16, kernel_size=5), 150)
        if MAX in new:  # it chooses among numbers that have been squashed already
            self.s2 = self.s4 = nn.MaxPool2d(2)
            self.after_pooling = nn.Identity()
        if LINEAR in new:
            self.output = drawn(nn.Linear(84, 10), 84)
            self.sign = 1

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output for each class, from pictures (N, 1, 28, 28)."""
        x = 1.275 * F.pad(x, (2, 2, 2, 2)) - 0.1
        x = self.after_pooling(self.s2(self.squash(self.c1(x))))
        x = self.after_pooling(self.s4(self.squash(self.c3(x))))
        x = self.squash(self.f6(torch.flatten(self.squash(self.c5(x)), 1)))
        return self.sign * self.output(x)


def networks() -> dict[str, tuple[Callable[[], nn.Module], Callable[[Tensor, Tensor], Tensor]]]:
    """Return how to make each network, with its loss, from the oldest to the newest."""
    steps: dict[str, tuple[Callable[[], nn.Module], Callable[[Tensor, Tensor], Tensor]]] = {
        "LeNet-5 of 1998": (LeNet5, lenet5_loss)
    }
    for number, change in enumerate(CHANGES, 1):
        loss = F.cross_entropy if LINEAR in CHANGES[:number] else lenet5_loss
        steps[change] = (partial(Between, CHANGES[:number]), loss)
    return steps | {LAST: (LeNet, F.cross_entropy)}


def trained(
    make: Callable[[], nn.Module],
    loss: Callable[[Tensor, Tensor], Tensor],
    train: ImageSet,
    epochs: int,
    rate: float,
    seed: int,
) -> tuple[nn.Module, float, float]:
    """Return the model, its accuracy while it learnt in the first epoch, and the seconds."""
    torch.manual_seed(seed)
    model = make().to(memory_format=torch.channels_last)
    begin = time.process_time()
    history = fit(
        model,
        train,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        optimizer=partial(torch.optim.Adam, lr=rate, fused=True),
        schedule=one_cycle,
        loss=loss,
        seed=seed,
        progress=False,
    )
    return model, history.epochs[0].train_accuracy, time.process_time() - begin


def over_seeds(
    make: Callable[[], nn.Module],
    loss: Callable[[Tensor, Tensor], Tensor],
    sets: tuple[ImageSet, ImageSet],
    epochs: int,
    seeds: Iterable[int],
) -> dict[str, Any]:
    """Choose the rate, train from several seeds, and say what came of each and of all."""
    learnt, held_out = sets[0].split(test=VALIDATION)
    accuracies = {}
    for rate in LEARNING_RATES:
        model, *_ = trained(make, loss, learnt, epochs, rate, SEED)
        accuracies[rate] = evaluate(model, held_out).accuracy
    best = max(accuracies, key=accuracies.__getitem__)
    errors, firsts, seconds = [], [], []
    for seed in seeds:
        model, first, taken = trained(make, loss, sets[0], epochs, best, seed)
        errors.append(round(100 * (1 - evaluate(model, sets[1]).accuracy), 3))
        firsts.append(first)
        seconds.append(round(taken, 2))
    return {
        "parameters": sum(parameter.numel() for parameter in make().parameters()),
        "validation_accuracies": {f"{rate:g}": value for rate, value in accuracies.items()},
        "learning_rate": best,
        "test_errors_percent": errors,
        "test_error_percent_mean": round(statistics.mean(errors), 3),
        "test_error_percent_standard_deviation": round(statistics.stdev(errors), 3),
        "first_epoch_accuracy_mean": round(statistics.mean(firsts), 4),
        "seconds": seconds,
        "seconds_mean": round(statistics.mean(seconds), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="at least 2; default: 3")
    parser.add_argument("--pictures", type=int, default=PICTURES, help=f"default: {PICTURES}")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"default: {EPOCHS}")
    chosen = parser.parse_args()
    seeds = range(SEED, SEED + chosen.seeds)
    sets = mnist("train")[: chosen.pictures], mnist("test")
    trained(LeNet5, lenet5_loss, sets[0][:BATCH_SIZE], 1, LEARNING_RATES[0], SEED)  # warms up
    rows: dict[str, Any] = {}
    for name, (make, loss) in networks().items():
        rows[name] = over_seeds(make, loss, sets, chosen.epochs, seeds)
        oldest = next(iter(rows.values()))["seconds_mean"]
        rows[name]["share_of_the_time_of_1998"] = round(rows[name]["seconds_mean"] / oldest, 3)
        print(name, rows[name], flush=True)
        results = {
            "pictures": len(sets[0]),
            "epochs": chosen.epochs,
            "batch_size": BATCH_SIZE,
            "seeds": list(seeds),
            "networks": rows,
        }
        record("lenet", results, seed=SEED)  # after each, so that a run cut off is not lost


if __name__ == "__main__":
    main()
