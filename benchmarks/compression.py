"""A network of CIFAR-10 made smaller: ``python -m benchmarks.compression``.

The plain network of the package is the large one. It is run as it is, in eight bits (calibrated on
500 pictures of the training set), and with the lighter half of the channels of every layer cut out,
before and after one more epoch. Both files are run by ONNX Runtime, in alternation, for the times.

Then it teaches. The tutorial's network learns alone, or from its teacher's answers: a tenth of the
loss is that of the labels, nine tenths the divergence from the teacher at a temperature of 4. The
teacher looks at each training picture once, and its answer serves for the mirrored picture, too.
"at equal time" has as many steps as fit into the time of learning alone when the teacher's look at
the pictures counts; "answers at hand" has as many steps as learning alone. Temperature and weight
were not chosen on these pictures: no others were tried. Times are those of one thread of the
processor; reading the data set and evaluating do not count.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from benchmarks.record import record
from cvlib.augmentation import random_horizontal_flip
from cvlib.data import ImageSet, cifar10
from cvlib.networks import TutorialNet, pretrained
from cvlib.practice.distillation import distillation_loss
from cvlib.practice.int8 import int8_onnx, onnx_session, write_onnx_chain
from cvlib.practice.pruning import channel_norms, prune_channels
from cvlib.recipes import PLAIN_NET
from cvlib.training import evaluate, fit, one_cycle

SEED, SEEDS = 0, 3
EPOCHS = 5  # of learning alone
TEMPERATURE, WEIGHT = 4, 0.9  # of the teacher's part
CALIBRATION, TIMED, ROUNDS = 500, (1, 64), 7
STUDENT: dict[str, Any] = {
    "batch_size": 128,
    "optimizer": partial(
        torch.optim.SGD, lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
    ),
    "schedule": one_cycle,
    "device": "cpu",
    "progress": False,
}


def ratios(sides: dict[str, Callable[[], object]], times: int) -> dict[str, float]:
    """Return the median of each side's time over the first one's, measured in turns."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            begin = perf_counter()
            for _ in range(times):
                side()
            taken[name].append(perf_counter() - begin)
    first, *_ = taken.values()
    return {
        name: round(statistics.median(b / a for a, b in zip(first, each, strict=True)), 3)
        for name, each in taken.items()
    }


def as_chain(model: nn.Module) -> list[nn.Module]:
    """Return the layers of a plain network, which then takes pictures from -1 to 1."""
    return [*model.features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), model.classifier]


def narrowed(model: nn.Module, share: float) -> nn.Module:
    """Cut the lighter channels out of every convolution."""
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Conv2d):
            norms = channel_norms(layer.weight)
            keep = norms.topk(round(share * len(norms))).indices.sort().values
            model = prune_channels(model, name, keep)
    return model


def smaller(train: ImageSet, test: ImageSet) -> dict[str, Any]:
    """Make the plain network smaller, and return what came of it."""
    large = pretrained("plain_net")
    half = narrowed(large, 0.5)
    cut = evaluate(half, test).accuracy
    begin = process_time()
    torch.manual_seed(SEED)
    rate = partial(torch.optim.SGD, lr=0.02, momentum=0.9, nesterov=True, weight_decay=5e-4)
    how = {**PLAIN_NET, "optimizer": rate}
    fit(half.train(), train, epochs=1, device="cpu", progress=False, **how)
    seconds = process_time() - begin
    some = torch.arange(0, len(train), len(train) // CALIBRATION)
    spread = 2 * (train.images[some] / 255) - 1
    pictures = (2 * (test.images / 255) - 1).numpy()
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / f"{name}.onnx" for name in ("float32", "half", "int8")}
        write_onnx_chain(as_chain(large), paths["float32"], (3, 32, 32))
        write_onnx_chain(as_chain(half.eval()), paths["half"], (3, 32, 32))
        int8_onnx(paths["float32"], paths["int8"], spread)
        sessions = {name: onnx_session(path) for name, path in paths.items()}
        sizes = {name: path.stat().st_size for name, path in paths.items()}

    def run(name: str, count: int) -> Any:
        return sessions[name].run(None, {"x": pictures[:count]})[0]

    times = {
        str(count): ratios({name: partial(run, name, count) for name in sessions}, 200 // count + 1)
        for count in TIMED
    }
    return {
        name: {
            "bytes": sizes[name],
            "test_accuracy": accuracy_of(torch.from_numpy(run(name, len(test))), test.labels),
            "time_ratio_by_batch": {count: found[name] for count, found in times.items()},
        }
        | (
            {"test_accuracy_cut": cut, "tuning_seconds": round(seconds, 1)}
            if name == "half"
            else {}
        )
        for name in sessions
    }


def accuracy_of(outputs: Tensor, labels: Tensor) -> float:
    return float((outputs.argmax(1) == labels).double().mean())


def both(outputs: Tensor, targets: Tensor) -> Tensor:
    """Compute the student's loss; the last column of the targets is the label."""
    teacher, labels = targets[:, :-1], targets[:, -1].long()
    apart = distillation_loss(outputs, teacher, TEMPERATURE)
    return WEIGHT * apart + (1 - WEIGHT) * F.cross_entropy(outputs, labels)


def flipped(images: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mirror half of the pictures, whatever the targets are."""
    images, _ = random_horizontal_flip(images, targets[:, -1].long(), generator)
    return images, targets


def learned(train: Any, loss: Any, epochs: int, seed: int) -> tuple[nn.Module, float]:
    """Train the tutorial's network, and return it and the seconds that it took."""
    torch.manual_seed(seed)
    model = TutorialNet()
    begin = process_time()
    fit(model, train, epochs=epochs, loss=loss, augment=flipped, seed=seed, **STUDENT)
    return model, process_time() - begin


def alone(outputs: Tensor, targets: Tensor) -> Tensor:
    """Compute the loss of learning alone, from the same targets."""
    return F.cross_entropy(outputs, targets[:, -1].long())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"default: {SEEDS}")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"default: {EPOCHS}")
    parser.add_argument("--pictures", type=int, default=50_000, help="to train on; default: 50000")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    train, test = cifar10("train"), cifar10("test")
    train = train[torch.arange(0, len(train), len(train) // chosen.pictures)]
    results: dict[str, Any] = {
        "data": train.source,
        "pictures": len(train),
        "temperature": TEMPERATURE,
        "weight": WEIGHT,
        "plain_net": smaller(train, test),
    }
    print(results, flush=True)

    teacher = pretrained("plain_net")
    begin = process_time()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        said = torch.cat([teacher(each / 255).float() for each in train.images.split(500)])
    looking = process_time() - begin
    results["teacher_seconds"] = round(looking, 1)
    results["teacher_train_accuracy"] = accuracy_of(said, train.labels)
    targets = torch.cat([said, train.labels[:, None].float()], 1).clone()
    pictures = TensorDataset(train.images, targets)
    seeds = range(SEED, SEED + chosen.seeds)
    rows: dict[str, Any] = {}
    epochs = chosen.epochs
    for name, loss in (("alone", alone), ("answers at hand", both), ("at equal time", both)):
        if name == "at equal time":
            budget = statistics.mean(rows["alone"]["seconds"])
            epoch = statistics.mean(rows["answers at hand"]["seconds"]) / chosen.epochs
            epochs = max(1, int((budget - looking) / epoch))
        runs = [learned(pictures, loss, epochs, seed) for seed in seeds]
        accuracies = [accuracy_of(predicted(model, test), test.labels) for model, _ in runs]
        seconds = [round(taken, 1) for _, taken in runs]
        extra = looking if name == "at equal time" else 0
        rows[name] = {
            "epochs": epochs,
            "seeds": list(seeds),
            "seconds": seconds,
            "seconds_mean_with_teacher": round(statistics.mean(seconds) + extra, 1),
            "test_accuracies": accuracies,
            "test_accuracy_mean": round(statistics.mean(accuracies), 4),
            "test_accuracy_standard_deviation": (
                round(statistics.stdev(accuracies), 4) if len(runs) > 1 else None
            ),
        }
        print(name, rows[name], flush=True)
        results["student"] = rows
        record("compression", results, seed=SEED)


def predicted(model: nn.Module, images: ImageSet) -> Tensor:
    """Return what a network says of pictures."""
    with torch.inference_mode():
        return torch.cat([model(each / 255) for each in images.images.split(1000)])


if __name__ == "__main__":
    main()
