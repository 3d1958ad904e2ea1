"""Measure what each augmentation buys on an equal budget: ``python -m benchmarks.augmentation``.

A small network learns 2,000 photographs of CIFAR-10, with one augmentation at a time and with none.
Pictures, first weights, number of steps, learning rate and schedule are the same for all. Each is
trained from several seeds, which draw the weights, the order and the augmentation, and measured
once at the end on test pictures. Nothing was chosen by them: the strengths are those of the
papers or of torchvision's examples, and the learning rate is that of no search.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from benchmarks.record import record
from cvlib import augmentation
from cvlib.data import ImageSet, cifar10
from cvlib.training import evaluate, fit, one_cycle

SEED = 0  # our seeds are counted from it
PICTURES, TEST_PICTURES = 2000, 4000
EPOCHS, BATCH_SIZE, RATE, WEIGHT_DECAY = 20, 100, 0.005, 0.05  # decoupled, by AdamW

Augment = Callable[..., tuple[Any, Any]]
WAYS: dict[str, Augment | None] = {
    "nothing": None,
    "flip": augmentation.random_horizontal_flip,
    "crop": partial(augmentation.random_crop, padding=4),
    "colours": partial(augmentation.color_jitter, brightness=0.4, contrast=0.4, saturation=0.4),
    "cutout": partial(augmentation.cutout, size=16),
    "mixup": partial(augmentation.mixup, alpha=1.0, num_classes=10),
    "cutmix": partial(augmentation.cutmix, alpha=1.0, num_classes=10),
    "TrivialAugment": augmentation.trivial_augment,
}


def network() -> nn.Module:
    """Three convolutions, each normalized, and one layer on what their last maps hold."""

    def stage(inputs: int, outputs: int, size: int, stride: int) -> list[nn.Module]:
        convolution = nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)
        return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]

    body = [*stage(3, 16, 5, 2), *stage(16, 32, 3, 1), *stage(32, 64, 3, 1)]
    model = nn.Sequential(*body, nn.Flatten(), nn.Linear(64 * 2 * 2, 10))
    return model.to(memory_format=torch.channels_last)


def measured(
    train: ImageSet, test: ImageSet, augment: Augment | None, seeds: range
) -> dict[str, Any]:
    """Train from each seed, and say what the networks read right of both sets."""
    known, new, losses, seconds = [], [], [], []
    for seed in seeds:
        torch.manual_seed(seed)
        model = network()
        begin = time.process_time()
        fit(
            model,
            train,
            epochs=EPOCHS,
            batch_size=BATCH_SIZE,
            optimizer=partial(torch.optim.AdamW, lr=RATE, weight_decay=WEIGHT_DECAY, fused=True),
            schedule=one_cycle,
            augment=augment,
            seed=seed,
            progress=False,
        )
        seconds.append(round(time.process_time() - begin, 1))
        known.append(round(evaluate(model, train).accuracy, 4))
        end = evaluate(model, test)
        new.append(end.accuracy)
        losses.append(round(end.loss, 4))
    return {
        "training_accuracy_mean": round(statistics.mean(known), 4),
        "test_accuracy_mean": round(statistics.mean(new), 4),
        "test_accuracy_standard_deviation": round(statistics.stdev(new), 4),
        "test_loss_mean": round(statistics.mean(losses), 4),
        "test_accuracies": new,
        "seconds": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="at least 2; default: 5")
    chosen = parser.parse_args()
    _, train = cifar10("train").split(test=PICTURES, seed=SEED)
    _, test = cifar10("test").split(test=TEST_PICTURES, seed=SEED)
    seeds = range(SEED, SEED + chosen.seeds)
    ways: dict[str, Any] = {}
    results: dict[str, Any] = {
        "data": train.source,
        "training_pictures": len(train),
        "test_pictures": len(test),
        "epochs": EPOCHS,
        "steps": EPOCHS * -(-len(train) // BATCH_SIZE),
        "parameters": sum(parameter.numel() for parameter in network().parameters()),
        "seeds": list(seeds),
        "ways": ways,
    }
    for name, augment in WAYS.items():
        ways[name] = measured(train, test, augment, seeds)
        print(name, ways[name], flush=True)
    record("augmentation", results, seed=SEED)


if __name__ == "__main__":
    main()
