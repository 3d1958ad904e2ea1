"""What trust costs and gains, over seeds: ``python -m benchmarks.trust``.

LeNet learns the package's 4,000 digits by its recipe, once with the recipe's smoothed labels and
once with hard ones, all else alike. Each network is then asked about 2,000 test digits of MNIST
(it has learnt from none), about 2,000 clothes of Fashion-MNIST's test set, and about the drawn
letters and the drawn digits; about the 2,000 digits turned, noisy and blurred; and about all 10,000
test digits by the thickness of their strokes. Temperatures are fitted on the first 500 of
the embedded test digits. An ensemble is the mean of the probabilities of the networks from all
seeds; each has a temperature of its own.

Then all but a twentieth of two digits, 4 and 8, is left out (hard labels): as it is, with a loss
that weighs each class alike, and with the rare pictures taken so often that all classes come alike.
Numbers of epochs are such that all make about 1,500 steps.

The record is written after each network, and what it holds already is not run again: an
interrupted benchmark goes on where it stopped. Delete ``results/trust.json`` to begin anew. It
takes about five minutes of one core.
"""

from __future__ import annotations

import argparse
import json
import statistics
from functools import cache
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks import record
from cvlib.data import (
    ImageSet,
    drawn_letters,
    fashion_mnist,
    mnist,
    mnist_sample,
    slanted_digits,
)
from cvlib.networks import LeNet
from cvlib.practice.corruptions import corrupt
from cvlib.practice.groups import (
    balanced_indices,
    balanced_weights,
    stroke_widths,
)
from cvlib.practice.trust import (
    energy,
    fit_temperature,
    fpr_at_tpr,
    mahalanobis_distance,
    max_softmax,
    nearest_distance,
)
from cvlib.recipes import RECIPES
from cvlib.training import fit, metrics

SEED, SEEDS = 0, 5
SOME = 2000  # of the test pictures, where it takes long
RARE, KEPT = (4, 8), 20  # of 400 pictures each
SHIFTS = ("rotation", "gaussian_noise", "gaussian_blur")
SEVERITIES = (1, 2, 3, 4, 5)
EDGES = (2.5, 3.0, 3.5)  # pixels, between the groups of strokes
STROKES = ("up to 2.5 pixels", "up to 3 pixels", "up to 3.5 pixels", "above")
SCORES = ("maximum softmax", "energy", "nearest neighbour", "Mahalanobis")
COLUMNS = ("accuracy", "says", "calibration_error")
STRANGE = ("letters", "clothes", "drawn digits")
TRAININGS = ("hard labels", "smoothed labels")
REMEDIES = ("as it is", "reweighted", "resampled", "nothing rare")


@cache
def sets() -> tuple[ImageSet, ImageSet]:
    """Return 4,000 digits to learn from, and 1,000 others."""
    return mnist_sample().split(test=1000)


def learnt(train: ImageSet, seed: int, epochs: int, loss: nn.Module) -> LeNet:
    """Train LeNet by the package's recipe, but for what is given."""
    torch.manual_seed(seed)
    model = LeNet()
    arguments = {**RECIPES["lenet"].arguments, "epochs": epochs, "loss": loss}
    fit(model, train, device="cpu", seed=seed, **arguments)
    return model.eval()


def answers(model: LeNet, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Return the outputs, and the features before the last layer."""
    *hidden, last = model.classifier
    with torch.inference_mode():
        features = nn.Sequential(model.features, nn.Flatten(), *hidden)
        found = torch.cat([features(part) for part in pictures.split(2000)])
        return last(found), found


def familiar(model: LeNet, pictures: Tensor) -> dict[str, Tensor]:
    """Score pictures, the higher the more familiar."""
    train, _ = sets()
    outputs, features = answers(model, pictures.float() / 255)
    _, known = answers(model, train.images / 255)
    return {
        "maximum softmax": max_softmax(outputs),
        "energy": -energy(outputs),
        "Mahalanobis": -mahalanobis_distance(features, known, train.labels),
        "nearest neighbour": -torch.cat(
            [nearest_distance(part, known) for part in features.split(1000)]
        ),
    }


def unseen(model: LeNet) -> dict[str, Any]:
    """Tell test digits from what was never seen."""
    digits = mnist("test").images[:SOME]
    strange = {
        "letters": drawn_letters().images,
        "clothes": fashion_mnist("test").images[:SOME],
        "drawn digits": slanted_digits().images,
    }
    known = familiar(model, digits)
    found: dict[str, Any] = {"sure_of_digits": _above(known["maximum softmax"])}
    for name, pictures in strange.items():
        scores = familiar(model, pictures)
        found[f"sure_of_{name}"] = _above(scores["maximum softmax"])
        for score, familiarity in scores.items():
            both = torch.cat([known[score], familiarity])
            labels = torch.cat([torch.ones(len(digits)), torch.zeros(len(pictures))]).long()
            found[f"auc, {score}, {name}"] = round(float(metrics.roc_auc(both, labels)), 4)
            found[f"fpr, {score}, {name}"] = round(float(fpr_at_tpr(both, labels)), 4)
    return found


def _above(sure: Tensor) -> float:
    return round(float((sure >= 0.9).double().mean()), 4)


@cache
def shifted() -> dict[str, Tensor]:
    """Spoil test digits, by kind and severity."""
    pictures = mnist("test").images[:SOME] / 255
    spoiled = {
        f"{kind} {severity}": corrupt(pictures, kind, severity)
        for kind, severity in product(SHIFTS, SEVERITIES)
    }
    return {"clean": pictures, **spoiled}


def under_shift(probabilities: dict[str, Tensor]) -> dict[str, list[float]]:
    """Say of each shift how often it is right, how sure it is, and the calibration error."""
    labels = mnist("test").labels[:SOME]
    return {
        name: [
            round(float(metrics.accuracy(p, labels)), 4),
            round(float(p.amax(1).mean()), 4),
            round(float(metrics.expected_calibration_error(p, labels)), 4),
        ]
        for name, p in probabilities.items()
    }


def by_stroke(model: LeNet) -> list[float]:
    """Return the accuracy for each group of strokes."""
    test = mnist("test")
    outputs, _ = answers(model, test.images / 255)
    right = outputs.argmax(1) == test.labels
    return [round(float(right[groups() == at].double().mean()), 4) for at in range(4)]


@cache
def groups() -> Tensor:
    """Sort test digits by the thickness of their strokes."""
    edges = torch.tensor(EDGES, dtype=torch.float64)
    return torch.bucketize(stroke_widths(mnist("test").images), edges)


def with_rare(remedy: str, seed: int) -> dict[str, Any]:
    """Train where two digits are rare, and measure every digit."""
    train, _ = sets()
    loss: nn.Module = nn.CrossEntropyLoss()
    if remedy != "nothing rare":
        keep = torch.ones(len(train), dtype=torch.bool)
        for digit in RARE:
            keep[(train.labels == digit).nonzero().flatten()[KEPT:]] = False
        train = train[keep.nonzero().flatten()]
    if remedy == "reweighted":
        loss = nn.CrossEntropyLoss(weight=balanced_weights(train.labels, 10))
    if remedy == "resampled":
        generator = torch.Generator().manual_seed(seed)
        train = train[balanced_indices(train.labels, 10, generator)]
    model = learnt(train, seed, 15 if len(train) < 4000 else 12, loss)
    test = mnist("test")
    outputs, _ = answers(model, test.images / 255)
    right = (outputs.argmax(1) == test.labels).double()
    recalls = [float(right[test.labels == digit].mean()) for digit in range(10)]
    others = [recall for digit, recall in enumerate(recalls) if digit not in RARE]
    return {
        "accuracy": round(float(right.mean()), 4),
        "rare": round(statistics.mean(recalls[digit] for digit in RARE), 4),
        "others": round(statistics.mean(others), 4),
        "worst": round(min(recalls), 4),
    }


def spread(name: str, values: list[float]) -> dict[str, float]:
    """Return the mean and the standard deviation of a sample, by name."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    mean = round(statistics.mean(values), 4)
    return {f"{name}_mean": mean, f"{name}_standard_deviation": round(deviation, 4)}


def summed(runs: dict[str, Any]) -> dict[str, Any]:
    """Say what came of all runs."""
    found: dict[str, Any] = {}
    for training in TRAININGS:
        rows = [run for key, run in runs.items() if key.startswith(f"{training}, seed")]
        if not rows:
            continue

        def of(name: str, how: str, rows: list[Any] = rows) -> dict[str, float]:
            return spread(how, [row["unseen"][name] for row in rows])

        found[training] = {
            **spread("temperature", [row["temperature"] for row in rows]),
            "sure": {kind: of(f"sure_of_{kind}", "share") for kind in ("digits", *STRANGE)},
            "familiarity": {
                score: {
                    kind: of(f"auc, {score}, {kind}", "auc") | of(f"fpr, {score}, {kind}", "fpr")
                    for kind in STRANGE
                }
                for score in SCORES
            },
            "shift": {
                name: {
                    key: value
                    for at, column in enumerate(COLUMNS)
                    for key, value in spread(
                        column, [row["shift"][name][at] for row in rows]
                    ).items()
                }
                for name in rows[0]["shift"]
            },
            "strokes": {
                name: spread("accuracy", [row["strokes"][at] for row in rows])
                for at, name in enumerate(STROKES)
            },
        }
        if together := runs.get(f"{training}, ensemble"):
            found[training]["ensemble"] = {
                name: dict(zip(COLUMNS, row, strict=True)) for name, row in together.items()
            }
    rare = {}
    for remedy in REMEDIES:
        rows = [run for key, run in runs.items() if key.startswith(f"{remedy},")]
        if rows:
            rare[remedy] = {
                key: value
                for name in rows[0]
                for key, value in spread(name, [row[name] for row in rows]).items()
            }
    return found | ({"rare": rare} if rare else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"default: {SEEDS}")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    path = record.RESULTS / "trust.json"
    runs: dict[str, Any] = {}
    if path.exists():
        runs = json.loads(path.read_text("utf-8"))["results"]["runs"]
    seeds = range(SEED, SEED + chosen.seeds)

    def keep() -> None:
        results = {
            "train": "4,000 embedded digits of MNIST's training set",
            "test": "10,000 digits of MNIST's test set; 2,000 where they are unseen or shifted",
            "stroke_groups": groups().bincount(minlength=4).tolist(),
            "seeds": list(seeds),
            **summed(runs),
            "runs": runs,
        }
        record.record("trust", results, seed=SEED)

    for remedy, seed in product(REMEDIES, seeds):
        if (key := f"{remedy}, seed {seed}") not in runs:
            runs[key] = with_rare(remedy, seed)
            print(key, runs[key], flush=True)
            keep()
    train, held = sets()
    for training in TRAININGS:
        if f"{training}, ensemble" in runs:
            continue
        loss = nn.CrossEntropyLoss(label_smoothing=0.1 * (training == "smoothed labels"))
        together: dict[str, Tensor] = {}
        for seed in seeds:
            model = learnt(train, seed, 15, loss)
            outputs, _ = answers(model, held[:500].images / 255)
            temperature = fit_temperature(outputs, held[:500].labels)
            said = {
                name: (answers(model, pictures)[0] / temperature).softmax(1)
                for name, pictures in shifted().items()
            }
            together = {
                name: together.get(name, torch.zeros(())) + p / len(seeds)
                for name, p in said.items()
            }
            runs[f"{training}, seed {seed}"] = {
                "unseen": unseen(model),
                "temperature": round(temperature, 4),
                "shift": under_shift(said),
                "strokes": by_stroke(model),
            }
            print(training, seed, runs[f"{training}, seed {seed}"], flush=True)
        together = {name: p.clamp(max=1) for name, p in together.items()}  # a sum of rounded ones
        runs[f"{training}, ensemble"] = under_shift(together)
        keep()
    keep()


if __name__ == "__main__":
    main()
