"""Networks: their architectures, and the weights that come with the package."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from torch import nn

from cvlib.networks.alexnet import AlexNet, SmallAlexNet
from cvlib.networks.cifar10 import SMALL_WIDTHS, PlainNet, TutorialNet
from cvlib.networks.deeper import VGG, ResNet, SmallResNet
from cvlib.networks.detector import Detector
from cvlib.networks.lenet import LeNet
from cvlib.networks.lenet5 import LeNet5
from cvlib.networks.mlp import MLP
from cvlib.networks.unet import UNet
from cvlib.networks.vit import ViT

__all__ = [
    "MLP",
    "VGG",
    "AlexNet",
    "Detector",
    "LeNet",
    "LeNet5",
    "PlainNet",
    "ResNet",
    "SmallAlexNet",
    "SmallResNet",
    "TutorialNet",
    "UNet",
    "ViT",
    "checkpoint",
    "pretrained",
]


def mobilenet_v2() -> nn.Module:
    """Return torchvision's MobileNetV2, untrained; torchvision takes 1.5 s to import."""
    from torchvision.models import mobilenet_v2

    return mobilenet_v2()


_NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "lenet": LeNet,
    "lenet_robust": LeNet,
    "lenet5": LeNet5,
    "plain_net": PlainNet,
    "small_net": partial(PlainNet, SMALL_WIDTHS),
    "mobilenet_v2": mobilenet_v2,
    "vit": ViT,
    "detector": Detector,
    "unet": UNet,
    "unet_0": partial(UNet, levels=0),
    "unet_1": partial(UNet, levels=1),
    "unet_2": partial(UNet, levels=2),
    "unet_nuclei": partial(UNet, in_channels=1),
}


def checkpoint(name: str) -> Path:
    """Return where the weights of a network lie.

    Parameters
    ----------
    name
        The network: ``"lenet"``, ``"lenet_robust"``, ``"lenet5"``, ``"plain_net"``,
        ``"small_net"``, ``"vit"``, ``"mobilenet_v2"``, ``"detector"``, ``"unet"``, ``"unet_0"``,
        ``"unet_1"``, ``"unet_2"`` or ``"unet_nuclei"``.

    Returns
    -------
    pathlib.Path
        A file in the safetensors format. Its metadata say which command made it, on which pictures,
        from which seed and with which versions; those of ``"mobilenet_v2"``, where it comes from
        and under which licence.

    Raises
    ------
    ValueError
        If no network of that name has weights here.

    Examples
    --------
    >>> checkpoint("lenet").name
    'lenet.safetensors'
    """
    if name not in _NETWORKS:
        raise ValueError(f"name is {name!r}; expected one of {', '.join(_NETWORKS)}")
    return Path(__file__).parent / "checkpoints" / f"{name}.safetensors"


def pretrained(name: str) -> nn.Module:
    """Return a trained network, with the weights that come with the package.

    Training ends a little differently from machine to machine, a checkpoint gives the same network
    everywhere. ``python -m cvlib checkpoint lenet`` makes it anew.

    Parameters
    ----------
    name
        The network: ``"lenet"``, ``"lenet5"`` or ``"vit"``, trained on 4,000 digits of
        :func:`cvlib.data.mnist_sample`, the larger part of ``mnist_sample().split(test=1000)``;
        ``"lenet_robust"``, which has learnt from the same digits under attack
        (:func:`cvlib.practice.adversarial.attacked`), stored as float16;
        ``"plain_net"``, trained on the 50,000 of :func:`cvlib.data.cifar10` (the JPEG copy);
        ``"small_net"``, trained on the same, a plain network of a tenth of the numbers;
        ``"mobilenet_v2"``, torchvision's own, trained on ImageNet, whose weights are stored as
        float16: 7 MB, and logits that lie within 0.1 of those of float32. It takes pictures as
        ``torchvision.models.MobileNet_V2_Weights.IMAGENET1K_V1.transforms()`` makes them. Its
        licence is BSD-3; the pictures of ImageNet are for research. ``"detector"`` was trained on
        4,000 of :func:`cvlib.data.scenes`, and ``"unet"``, which tells pixels of digits from those
        of photographs, on 3,000. ``"unet_0"`` to ``"unet_2"`` are the same with fewer levels, and
        ``"unet_nuclei"`` has learnt from three quarters of :func:`cvlib.data.nuclei`, all but the
        lower right one. The weights of these are stored as float16, too.

    Returns
    -------
    torch.nn.Module
        The network, on the CPU, in evaluation mode.

    Raises
    ------
    ValueError
        If no network of that name has weights here.

    Examples
    --------
    >>> from cvlib.data import mnist_sample
    >>> from cvlib.training import evaluate
    >>> train, test = mnist_sample().split(test=1000)
    >>> evaluate(pretrained("lenet"), test).accuracy > 0.97
    True
    """
    from safetensors.torch import load_file

    weights = load_file(checkpoint(name))
    model = _NETWORKS[name]()
    model.load_state_dict(weights)  # which turns float16 into the network's float32
    return model.eval()
