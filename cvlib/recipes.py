"""Where the weights that come with the package are from: trained here, or published by others.

``python -m cvlib checkpoint lenet`` trains one of the networks anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cvlib.augmentation import random_crop, random_horizontal_flip
from cvlib.data import DataError, ImageSet, cifar10, data_root, mnist_sample, nuclei, scenes
from cvlib.networks import Detector, LeNet, LeNet5, PlainNet, SmallResNet, UNet, ViT
from cvlib.networks.cifar10 import SMALL_WIDTHS
from cvlib.networks.lenet5 import lenet5_loss
from cvlib.practice.adversarial import attacked
from cvlib.tasks.detection import Scenes, average_precision_50, detection_loss, random_colours
from cvlib.tasks.faces import MTCNN
from cvlib.tasks.overlap import mean_iou, pixel_and_region_loss
from cvlib.tasks.segmentation import LabelMaps, random_quarter_turn, random_windows
from cvlib.training import Muon, evaluate, fit, muon_groups, one_cycle, polynomial
from cvlib.training.loop import Metric

__all__ = [
    "DETECTOR",
    "LENET",
    "PLAIN_NET",
    "PUBLISHED",
    "RECIPES",
    "SMALL_RESNET",
    "UNET",
    "UNET_NUCLEI",
    "Recipe",
    "fetch",
    "train",
    "whiten",
]


@dataclass(frozen=True)
class Recipe:
    """How a network of the package was trained.

    Parameters
    ----------
    make
        Makes the network, untrained.
    sets
        Returns the pictures to learn from, and those to test on.
    arguments
        The arguments of :func:`cvlib.training.loop.fit`.
    metrics
        What to measure on the test pictures, as :func:`cvlib.training.loop.fit` takes it; the
        accuracy where there is none.
    half
        Whether the weights are rounded to float16, and measured so.
    attack
        An augmentation that takes the network as ``model``, as
        :func:`cvlib.practice.adversarial.attacked` does.
    """

    make: Callable[[], nn.Module]
    sets: Callable[[], tuple[Any, Any]]
    arguments: dict[str, Any]
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    half: bool = False
    attack: Callable[..., tuple[Any, Any]] | None = None


def digits() -> tuple[ImageSet, ImageSet]:
    """Return 4,000 of the embedded digits to learn from, and 1,000 to test on."""
    return mnist_sample().split(test=1000)


def photographs() -> tuple[ImageSet, ImageSet]:
    """Return CIFAR-10."""
    return cifar10("train"), cifar10("test")


PLAIN_NET: dict[str, Any] = {  # all but the epochs: the benchmark of CIFAR-10 has its own
    "batch_size": 128,
    "optimizer": partial(
        torch.optim.SGD, lr=0.2, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
    ),
    "schedule": partial(one_cycle, pct_start=0.2),
    "loss": nn.CrossEntropyLoss(label_smoothing=0.1),
    "augment": (random_horizontal_flip, partial(random_crop, padding=2)),
    "amp": "bfloat16",
}


def by_muon(parameters: Iterable[nn.Parameter]) -> Muon:
    """Make the optimizer of the small residual network, for batches of 250."""
    vectors = {"lr": 13.0, "momentum": 0.85, "weight_decay": 4e-5}
    matrices = {"lr": 0.01, "momentum": 0.85, "weight_decay": 0.05}
    groups = muon_groups(parameters, lr=0.15, matrices=matrices, vectors=vectors)
    return Muon(groups, momentum=0.7)


def whiten(model: SmallResNet, pictures: ImageSet) -> None:
    """Make the first layer of the small residual network from a thousand pictures."""
    every = max(1, len(pictures) // 1000)
    model.whiten(pictures.images[::every] / 255)


SMALL_RESNET: dict[str, Any] = {  # all but the epochs: its benchmark has its own
    "batch_size": 250,
    "optimizer": by_muon,
    "schedule": polynomial,
    "loss": nn.CrossEntropyLoss(label_smoothing=0.2),
    "augment": (random_horizontal_flip, partial(random_crop, padding=2)),
    "amp": "bfloat16",
}


def digits_on_photographs() -> tuple[Scenes, Scenes]:
    """Return 4,000 scenes to learn from, and 500 to test on, of other digits and photographs."""
    return Scenes(scenes(4000)), Scenes(scenes(500, split="test", seed=1))


DETECTOR: dict[str, Any] = {
    "epochs": 4,
    "batch_size": 16,
    "optimizer": partial(torch.optim.AdamW, lr=0.005, weight_decay=0.01, fused=True),
    "schedule": partial(one_cycle, pct_start=0.2),
    "loss": detection_loss,
    "augment": random_colours,
}


def digit_pixels() -> tuple[LabelMaps, LabelMaps]:
    """Return 3,000 crowded scenes to learn from, and 500 to test on, with the digits' pixels."""
    train, test = scenes(3000, objects=(6, 8)), scenes(500, split="test", seed=1)
    return LabelMaps.of_scenes(train), LabelMaps.of_scenes(test)


def nucleus_pixels(corner: tuple[int, int] = (256, 256)) -> tuple[LabelMaps, LabelMaps]:
    """Return 400 windows of three quarters of the nuclei, and the fourth to test on.

    Parameters
    ----------
    corner
        The top row and the left column of the quarter to test on, 0 or 256 each.
    """
    picture, masks = (torch.from_numpy(each) for each in nuclei())
    labels, (top, left), side = (masks > 0).long(), corner, 64

    def outside(row: int, column: int) -> bool:
        beside = row + side <= top or row >= top + 256
        return beside or column + side <= left or column >= left + 256

    windows, maps = random_windows(picture[None], labels, 400, side, keep=outside)
    quarter = slice(top, top + 256), slice(left, left + 256)
    classes, source = ("background", "nucleus"), "nuclei (StarDist, BBBC038)"
    test = LabelMaps(picture[None, None, *quarter], labels[None, *quarter], classes, source)
    return LabelMaps(windows, maps, classes, source), test


UNET: dict[str, Any] = {
    "epochs": 2,
    "batch_size": 8,
    "optimizer": partial(torch.optim.AdamW, lr=0.015, weight_decay=0.01, fused=True),
    "schedule": partial(one_cycle, pct_start=0.2),
    "loss": pixel_and_region_loss,
    "augment": random_colours,
}

UNET_NUCLEI: dict[str, Any] = {**UNET, "epochs": 8, "augment": random_quarter_turn}


def unet(levels: int = 3, **how: Any) -> Callable[[], nn.Module]:
    """Return a function that makes a U-Net with the channels of a pixel side by side."""
    return lambda: UNet(levels=levels, **how).to(memory_format=torch.channels_last)


LENET: dict[str, Any] = {
    "epochs": 15,
    "batch_size": 32,
    "optimizer": partial(torch.optim.Adam, lr=0.002),
    "loss": nn.CrossEntropyLoss(label_smoothing=0.1),
}

RECIPES = {
    "lenet": Recipe(LeNet, digits, LENET),
    "lenet_robust": Recipe(
        LeNet, digits, LENET, half=True, attack=partial(attacked, epsilon=0.2, steps=5)
    ),
    "lenet5": Recipe(
        LeNet5,
        digits,
        {
            "epochs": 15,
            "batch_size": 32,
            "optimizer": partial(torch.optim.Adam, lr=0.01),
            "schedule": one_cycle,
            "loss": lenet5_loss,
        },
    ),
    "plain_net": Recipe(
        lambda: PlainNet().to(memory_format=torch.channels_last),
        photographs,
        {"epochs": 10, **PLAIN_NET},
    ),
    "small_net": Recipe(
        lambda: PlainNet(SMALL_WIDTHS).to(memory_format=torch.channels_last),
        photographs,
        {"epochs": 25, **PLAIN_NET},
    ),
    "vit": Recipe(
        ViT,
        digits,
        {
            "epochs": 40,
            "batch_size": 100,
            "optimizer": partial(torch.optim.AdamW, lr=0.003, weight_decay=0.05, fused=True),
            "schedule": one_cycle,
            "loss": nn.CrossEntropyLoss(label_smoothing=0.1),
            "augment": partial(random_crop, padding=2),
        },
    ),
    "detector": Recipe(
        lambda: Detector().to(memory_format=torch.channels_last),
        digits_on_photographs,
        DETECTOR,
        metrics={"average_precision_50": average_precision_50},
        half=True,
    ),
    **{
        name: Recipe(unet(levels), digit_pixels, UNET, metrics={"mean_iou": mean_iou}, half=True)
        for name, levels in (("unet", 3), ("unet_0", 0), ("unet_1", 1), ("unet_2", 2))
    },
    "unet_nuclei": Recipe(
        unet(in_channels=1),
        nucleus_pixels,
        UNET_NUCLEI,
        metrics={"mean_iou": mean_iou},
        half=True,
    ),
}

#: Networks that others have trained, by torchvision's name of the weights or the package with them.
PUBLISHED = {
    "mobilenet_v2": "MobileNet_V2_Weights.IMAGENET1K_V1",
    "mtcnn": "facenet-pytorch==2.6.0",
}

# The files of MTCNN's three networks, mtcnn_pnet.pt and so on, by their SHA-256.
_MTCNN = {
    "pnet": "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
    "rnet": "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86",
    "onet": "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d",
}
_MIT = """Copyright (c) 2019 Timothy Esler

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""


def fetch(name: str) -> tuple[nn.Module, dict[str, str]]:
    """Fetch a network that others have trained.

    Parameters
    ----------
    name
        A key of ``PUBLISHED``.

    Returns
    -------
    model : torch.nn.Module
        The network. Its weights are read from the folder ``weights`` below
        :func:`cvlib.data.data_root`. Those of torchvision are rounded to float16, and downloaded
        where they are absent; those of MTCNN, whose boxes would move by pixels, stay float32.
    facts : dict of str
        Where they come from, and under which licence.

    Raises
    ------
    OSError
        If they are absent and cannot be downloaded.
    cvlib.data.DataError
        If what is there is not what was published.
    """
    if name == "mtcnn":
        return _fetch_mtcnn()
    return _fetch_from_torchvision(name)


def _check_hash(path: Path, begins: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(begins):
        raise DataError(f"{path}: SHA-256 is {found}; expected one that begins with {begins}")


def _fetch_mtcnn() -> tuple[nn.Module, dict[str, str]]:
    model = MTCNN()
    for part, digest in _MTCNN.items():
        path = data_root() / "weights" / f"mtcnn_{part}.pt"
        if not path.exists():
            raise FileNotFoundError(
                f"{path} is not there. It is facenet_pytorch/data/{part}.pt of the wheel that "
                f"`pip download --no-deps {PUBLISHED['mtcnn']}` brings"
            )
        _check_hash(path, digest)
        model.get_submodule(part).load_state_dict(torch.load(path, weights_only=True))
    return model, {
        "data": "WIDER FACE and CelebA, whose pictures are for research",
        "licence": "MIT, facenet-pytorch",
        "licence_text": _MIT,
        "source": f"{PUBLISHED['mtcnn']}, converted from the weights of Zhang et al. (2016)",
    }


def _fetch_from_torchvision(name: str) -> tuple[nn.Module, dict[str, str]]:
    from torch.hub import download_url_to_file
    from torchvision.models import get_model, get_weight

    weights = get_weight(PUBLISHED[name])
    path = data_root() / "weights" / weights.url.rpartition("/")[2]
    begins = path.stem.rpartition("-")[2]  # torchvision names a file by the start of its SHA-256
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        download_url_to_file(weights.url, str(path))
    _check_hash(path, begins)
    model = get_model(name)
    model.load_state_dict(torch.load(path, weights_only=True))
    accuracy = weights.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    return model.half(), {
        "data": "ImageNet-1K, whose pictures are for research",
        "licence": "BSD-3-Clause, torchvision",
        "source": weights.url,
        "test_accuracy": f"{accuracy / 100:g}, as published",
    }


def train(name: str, seed: int, device: str | None = None) -> tuple[nn.Module, dict[str, str]]:
    """Train a network of the package.

    Parameters
    ----------
    name
        A key of ``RECIPES``.
    seed
        Seed of the weights, of the shuffling and of augmentation.
    device
        Where to train; :func:`cvlib.device` chooses by default.

    Returns
    -------
    model : torch.nn.Module
        The trained network.
    facts : dict of str
        What it was trained on, and its accuracy, or the recipe's metrics, on the test pictures.
    """
    recipe = RECIPES[name]
    pictures, others = recipe.sets()
    torch.manual_seed(seed)
    model = recipe.make()
    arguments = dict(recipe.arguments)
    if recipe.attack is not None:
        arguments["augment"] = partial(recipe.attack, model=model)
    fit(model, pictures, device=device, seed=seed, **arguments)
    if recipe.half:
        model.half().float()
    loss = recipe.arguments.get("loss") if recipe.metrics else None
    found = evaluate(model, others, loss=loss, metrics=recipe.metrics)
    measured = {"accuracy": found.accuracy, **found.metrics}
    told = {f"test_{key}": f"{value:g}" for key, value in measured.items() if value is not None}
    return model.half() if recipe.half else model, {"data": pictures.source, **told}
