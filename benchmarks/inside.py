"""What units answer to, from the first layer to the last: ``python -m benchmarks.inside``.

The claim under test is "edges, then textures, then parts". For each ReLU of the trained
`PlainNet`, each unit's number in the middle of its map is noted for the test pictures of CIFAR-10.
Then it is predicted, by a straight line or plane, from what lies in the unit's receptive field:

- edge: one oriented edge or line at one place, the Gabor filter of a bank that does best;
- colour: the mean of red, green and blue;
- texture: how much of each orientation and scale there is, wherever it lies, from the same bank;
- class: what the picture shows, ten yes or no.

Lines are fitted, and the filter is chosen, on one half of the pictures; the share of the variance
that they explain, R², is measured on the other. Parts have no labels in CIFAR-10 and are not
tested. Beside it stands the index of class selectivity of Morcos et al. (2018, section 2), of
each unit's mean over its map. The control is the same network before training, its normalization
fitted to training pictures. Nothing is trained here, and nothing is chosen by the results.
"""

from __future__ import annotations

import argparse
import copy
import math
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

import cvlib
from benchmarks.record import record
from cvlib.data import ImageSet, cifar10
from cvlib.networks import pretrained
from cvlib.networks.inside import Box, feature_maps, receptive_box, receptive_field

SEED = 0  # of the halves, and of the untrained network
ANGLES = 8
WAVELENGTHS = (3, 5, 8)  # pixels
PLACES = 5  # of filters along each side of the receptive field
CALIBRATION = 2000  # training pictures for the untrained network's normalization
BATCH = 500


def gabors(height: int, width: int) -> Tensor:
    """Make the bank for a field: (places, scales and angles, two phases, pixels), each of mean 0.

    The two phases, a line and an edge, are a quarter of a wave apart.
    """
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    steps = (torch.arange(PLACES) + 0.5) / PLACES
    bank = []
    for y, x in product((steps * height - 0.5).tolist(), (steps * width - 0.5).tolist()):
        for wavelength, angle in product(WAVELENGTHS, torch.arange(ANGLES) * math.pi / ANGLES):
            along = (columns - x) * angle.cos() + (rows - y) * angle.sin()
            distance = (columns - x) ** 2 + (rows - y) ** 2
            envelope = torch.exp(-distance / (2 * (wavelength / 2) ** 2))
            for phase in (0, math.pi / 2):
                wave = envelope * torch.cos(2 * math.pi * along / wavelength + phase)
                wave = wave - wave.mean()
                bank.append(wave / wave.norm().clamp(min=1e-6))
    return torch.stack(bank).view(PLACES**2, -1, 2, height * width)


def opponents(images: Tensor) -> Tensor:
    """Turn red, green and blue (N, 3, ...) into light, red less green, blue less yellow."""
    red, green, blue = images.unbind(1)
    return torch.stack([(red + green + blue) / 3, red - green, blue - (red + green) / 2], 1)


def features(images: Tensor, labels: Tensor, box: Box) -> dict[str, Tensor]:
    """Say what lies in a receptive field: for each picture, the numbers of each kind (N, F)."""
    top, left = max(box.top, 0), max(box.left, 0)
    seen = images[:, :, top : box.top + box.height, left : box.left + box.width]
    waves = gabors(*seen.shape[2:])
    channels = opponents(seen).flatten(2)
    answers = torch.einsum("ncp,slhp->ncslh", channels, waves)
    signed = answers.flatten(1)
    return {
        "edge": torch.cat([signed.relu(), (-signed).relu()], 1),
        "colour": seen.mean((2, 3)),
        "texture": answers.norm(dim=4).mean(2).flatten(1),
        "class": torch.eye(10)[labels],
    }


def explained(x: Tensor, y: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Fit a plane from x (N, F) to each y (N, U) on the first half; R² on the second."""
    x = (x - x[first].mean(0)).double()
    x = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)
    plane = torch.linalg.lstsq(x[first], y[first].double(), driver="gelsd").solution
    rest = (y[second] - x[second] @ plane).square().sum(0)
    return (1 - rest / (y[second] - y[second].mean(0)).square().sum(0)).float()


def explained_by_one(x: Tensor, y: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Choose for each y the best single column of x on the first half; R² on the second."""
    scaled_x = (x[first] - x[first].mean(0)) / x[first].std(0).clamp(min=1e-6)
    scaled_y = y[first] - y[first].mean(0)
    best = (scaled_x.T @ scaled_y).abs().argmax(0)
    pairs = [explained(x[:, [b]], y[:, [u]], first, second) for u, b in enumerate(best.tolist())]
    return torch.cat(pairs)


def selectivity(means: Tensor, labels: Tensor) -> Tensor:
    """(highest class mean - mean of the others) / their sum, from 0 to 1, for units (N, U)."""
    by_class = torch.stack([means[labels == number].mean(0) for number in range(10)])
    highest = by_class.amax(0)
    others = (by_class.sum(0) - highest) / 9
    return (highest - others) / (highest + others).clamp(min=1e-12)


def responses(model: nn.Module, layers: list[str], images: Tensor) -> dict[str, list[Tensor]]:
    """Return for each layer the middle of each map (N, U), and its mean."""
    middles: dict[str, list[Tensor]] = {name: [] for name in layers}
    means: dict[str, list[Tensor]] = {name: [] for name in layers}
    place = cvlib.device()
    for batch in images.split(BATCH):
        for name, maps in feature_maps(model.to(place), layers, batch.to(place)).items():
            middles[name].append(maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2].cpu())
            means[name].append(maps.mean((2, 3)).cpu())
    return {name: [torch.cat(middles[name]), torch.cat(means[name])] for name in layers}


def by_layer(model: nn.Module, pictures: ImageSet) -> list[dict[str, Any]]:
    """Measure every ReLU of a network."""
    layers = [name for name, part in model.named_modules() if isinstance(part, nn.ReLU)]
    images, labels = pictures.images / 255, pictures.labels
    halves = torch.randperm(len(images), generator=torch.Generator().manual_seed(SEED)).chunk(2)
    rows = []
    for name, (middle, mean) in responses(model, layers, images).items():
        field = receptive_field(model.cpu(), name, tuple(images.shape[1:]))
        side = feature_maps(model, [name], images[:1])[name].shape[2] // 2
        live = (middle[halves[0]].std(0) > 1e-6) & (middle[halves[1]].std(0) > 1e-6)
        y = middle[:, live]
        shares = {}
        for kind, x in features(images, labels, receptive_box(field, (side, side))).items():
            fit = explained_by_one if kind == "edge" else explained
            shares[kind] = round(float(fit(x, y, *halves).mean()), 4)
        rows.append(
            {
                "layer": name,
                "receptive_field": field.size[0],
                "units": int(live.numel()),
                "silent_units": int((~live).sum()),
                "explained_variance": shares,
                "class_selectivity": round(float(selectivity(mean, labels)[live].mean()), 4),
            }
        )
        print(rows[-1], flush=True)
    return rows


def untrained(model: nn.Module, train: ImageSet) -> nn.Module:
    """Return the network as it was before training, its normalization fitted to pictures."""
    torch.manual_seed(SEED)
    fresh = copy.deepcopy(model).cpu().train()
    for part in fresh.modules():
        if isinstance(part, nn.Conv2d | nn.BatchNorm2d | nn.Linear):
            part.reset_parameters()
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None  # a plain mean over the batches
    with torch.no_grad():
        for batch in train.images.split(BATCH):
            fresh(batch / 255)
    return fresh.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=10_000, help="default: all 10,000")
    chosen = parser.parse_args()
    generator = torch.Generator().manual_seed(SEED)
    train, test = cifar10("train"), cifar10("test")
    train = train[torch.randperm(len(train), generator=generator)[:CALIBRATION]]
    test = test[torch.randperm(len(test), generator=generator)[: chosen.pictures]]
    model = pretrained("plain_net")
    results = {
        "pictures": len(test),
        "trained": by_layer(model, test),
        "untrained": by_layer(untrained(model, train), test),
    }
    record("inside", results, seed=SEED)


if __name__ == "__main__":
    main()
