"""Transfer: what a network has learnt on the pictures of ImageNet, put to work on others.

A network is cut in two. Its *features* turn a picture into 1,280 numbers, its *head* turns these
into a score for each class. The features are kept, the head is made anew.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.arguments import integer, number

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "Normalize",
    "cut",
    "extract",
    "linear_probe",
    "mobilenet_v2",
    "nearest",
    "train_last",
]

#: Mean and standard deviation of red, green and blue in ImageNet, whose pixels go from 0 to 1.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Normalize(nn.Module):
    """Subtract a mean from each channel, and divide by a standard deviation.

    It has no state: the numbers belong to the architecture, and are not stored with the weights.

    Parameters
    ----------
    mean, std
        One number for each channel.

    Examples
    --------
    >>> Normalize((0.5,), (0.25,))(torch.ones(1, 1, 1, 1)).item()
    2.0
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        mean: tuple[float, ...] = IMAGENET_MEAN,
        std: tuple[float, ...] = IMAGENET_STD,
    ) -> None:
        super().__init__()
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values).view(-1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Normalize a batch.

        Parameters
        ----------
        x
            Pictures ``(N, C, H, W)``, from 0 to 1. Of one channel, they are taken as grey.

        Returns
        -------
        Tensor
            As many, with as many channels as there are means.
        """
        return (x - self.mean) / self.std


def mobilenet_v2(num_classes: int = 1000, *, pretrained: bool = False) -> nn.Sequential:
    """Return torchvision's MobileNetV2 as a chain that begins with the normalizing of its input.

    Parameters
    ----------
    num_classes
        How many scores it gives. With any number but 1,000 the last layer is a new one, whose
        weights are drawn from torch's generator.
    pretrained
        Whether all else has the weights that torchvision trained on ImageNet.

    Returns
    -------
    torch.nn.Sequential
        In training mode: ``normalize``, ``features`` (19 blocks), ``pool``, ``flatten`` and
        ``classifier``. It takes pictures ``(N, 3, H, W)`` from 0 to 1, such as 224 × 224. All but
        the last of its five parts give the 1,280 features. Its weights have torchvision's names.

    Raises
    ------
    TypeError, ValueError
        If ``num_classes`` is no whole number from 1 up.

    References
    ----------
    Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks" (2018), table 2.

    Examples
    --------
    >>> model = mobilenet_v2(num_classes=3).eval()
    >>> x = torch.zeros(2, 3, 32, 32)
    >>> model(x).shape, model[:-1](x).shape
    (torch.Size([2, 3]), torch.Size([2, 1280]))
    """
    from cvlib import networks

    num_classes = integer("num_classes", num_classes, least=1)
    whole = networks.pretrained("mobilenet_v2") if pretrained else networks.mobilenet_v2()
    dropout, head = whole.get_submodule("classifier").children()
    if num_classes != 1000:
        head = nn.Linear(1280, num_classes)
    parts = {
        "normalize": Normalize(),
        "features": whole.get_submodule("features"),
        "pool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
        "classifier": nn.Sequential(dropout, head),
    }
    # With the channels of a pixel side by side, its depthwise layers are two to three times faster.
    return nn.Sequential(OrderedDict(parts)).train().to(memory_format=torch.channels_last)


def train_last(
    model: nn.Sequential, blocks: int = 0, *, update_statistics: bool = False
) -> nn.Sequential:
    """Let the head and the last blocks of a network learn, and freeze all before them.

    What is frozen has no gradient, and stays in evaluation mode: :func:`cvlib.training.loop.fit`
    leaves it so.

    Parameters
    ----------
    model
        As :func:`mobilenet_v2` makes it; changed in place.
    blocks
        How many of the blocks of ``features`` learn, counted from the last.
    update_statistics
        Whether batch normalization, in the blocks that learn, normalizes by the batch, and goes on
        with its running mean and variance. Otherwise it keeps those of ImageNet, and only its
        weight and bias learn.

    Returns
    -------
    torch.nn.Sequential
        The model.

    Raises
    ------
    TypeError, ValueError
        If ``blocks`` is no whole number from 0 to the number of blocks.

    Examples
    --------
    >>> model = train_last(mobilenet_v2(num_classes=3), blocks=1)
    >>> [name for name, weight in model.named_parameters() if weight.requires_grad][0]
    'features.18.0.weight'
    """
    features = _features(model)
    if integer("blocks", blocks) > len(features):
        raise ValueError(f"blocks is {blocks}; expected at most {len(features)}")
    first = len(features) - blocks
    model.train().requires_grad_(False)
    model.get_submodule("classifier").requires_grad_(True)
    for place, block in enumerate(features):
        learns = place >= first
        block.requires_grad_(learns).train(learns)
        if learns and not update_statistics:
            for part in block.modules():
                if isinstance(part, nn.BatchNorm2d):
                    part.eval()
    return model


def _features(model: nn.Sequential) -> nn.Sequential:
    part = model.get_submodule("features")
    assert isinstance(part, nn.Sequential)
    return part


def cut(model: nn.Sequential, blocks: int = 0) -> tuple[nn.Sequential, nn.Sequential]:
    """Cut a network in two, in front of the last blocks of its features.

    What the first part gives need be computed only once for each picture, if that part is frozen.

    Parameters
    ----------
    model
        As :func:`mobilenet_v2` makes it. Both parts share its layers, and so its weights.
    blocks
        How many of the blocks of ``features`` are behind the cut; 0 cuts in front of the head.

    Returns
    -------
    before, after : torch.nn.Sequential
        One behind the other, they compute what the model does.

    Raises
    ------
    TypeError, ValueError
        If ``blocks`` is no whole number from 0 to the number of blocks.

    Examples
    --------
    >>> before, after = cut(mobilenet_v2(num_classes=3))
    >>> before(torch.zeros(2, 3, 32, 32)).shape, after(torch.zeros(2, 1280)).shape
    (torch.Size([2, 1280]), torch.Size([2, 3]))
    """
    normalize, _, *middle, head = model
    features = _features(model)
    if integer("blocks", blocks) > len(features):
        raise ValueError(f"blocks is {blocks}; expected at most {len(features)}")
    first = len(features) - blocks
    if blocks == 0:
        return nn.Sequential(normalize, features, *middle), nn.Sequential(head)
    return (
        nn.Sequential(normalize, *features[:first]),
        nn.Sequential(*features[first:], *middle, head),
    )


def extract(
    model: nn.Module, images: Tensor, size: int | None = None, batch_size: int = 50
) -> Tensor:
    """Run pictures through a network, batch by batch, without gradients and in evaluation mode.

    Parameters
    ----------
    model
        Such as all parts but the head, ``mobilenet_v2(pretrained=True)[:-1]``.
    images
        ``(N, C, H, W)``, ``uint8`` or from 0 to 1.
    size
        Height and width in pixels that they are resized to, bilinearly, where it is given.
    batch_size
        How many at a time.

    Returns
    -------
    Tensor
        What the network gives for all of them, N first.

    Raises
    ------
    TypeError, ValueError
        If ``batch_size`` or ``size`` is no whole number from 1 up.

    Examples
    --------
    >>> extract(nn.Flatten(), torch.zeros(3, 1, 8, 8, dtype=torch.uint8), size=4).shape
    torch.Size([3, 16])
    """
    batch_size = integer("batch_size", batch_size, least=1)
    found = []
    place = next(chain(model.parameters(), [images])).device
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        with torch.inference_mode():
            for batch in images.split(batch_size):
                x = batch.to(place)
                x = x.float().div(255) if x.dtype == torch.uint8 else x
                if size is not None:
                    side = integer("size", size, least=1)
                    x = F.interpolate(x, (side, side), mode="bilinear", antialias=True)
                found.append(model(x).to(images.device))
    finally:
        for part, mode in modes:
            part.training = mode
    return torch.cat(found).clone()


def linear_probe(
    features: Tensor, labels: Tensor, num_classes: int, penalty: float = 1.0
) -> nn.Linear:
    """Fit a linear layer to labels by least squares: ridge regression, solved and not trained.

    For each class it is to give 1 for the pictures of the class, and 0 for the others.

    Parameters
    ----------
    features
        ``(N, D)``: the numbers of each picture.
    labels
        ``(N,)``, from 0 to ``num_classes`` - 1.
    num_classes
        How many classes there are.
    penalty
        How much the sum of the squared weights costs, beside the sum of the squared errors. The
        bias costs nothing.

    Returns
    -------
    torch.nn.Linear
        From D features to the scores of the classes; the highest is the answer.

    Raises
    ------
    TypeError, ValueError
        If ``penalty`` is no positive number, or the shapes do not fit.

    References
    ----------
    Hoerl and Kennard, "Ridge regression: biased estimation for nonorthogonal problems" (1970).

    Examples
    --------
    >>> x, labels = torch.tensor([[0.0], [1.0], [3.0], [4.0]]), torch.tensor([0, 0, 1, 1])
    >>> linear_probe(x, labels, 2)(torch.tensor([[1.5], [2.5]])).argmax(1)
    tensor([0, 1])
    """
    if features.ndim != 2 or labels.shape != features.shape[:1]:
        raise ValueError(
            f"features has shape {tuple(features.shape)}, labels {tuple(labels.shape)}; "
            "expected (N, D) and (N,)"
        )
    if not number("penalty", penalty):
        raise ValueError("penalty is 0; expected a positive number")
    count, width = features.shape
    x, y = features.double(), F.one_hot(labels, num_classes).double()
    x_mean, y_mean = x.mean(0), y.mean(0)
    x, y = x - x_mean, y - y_mean
    unit = penalty * torch.eye(min(count, width), dtype=x.dtype, device=x.device)
    if count < width:  # the same solution, by the smaller of the two systems
        weight = x.T @ torch.linalg.solve(x @ x.T + unit, y)
    else:
        weight = torch.linalg.solve(x.T @ x + unit, x.T @ y)
    probe = nn.Linear(width, num_classes, dtype=x.dtype, device=x.device)
    with torch.no_grad():
        probe.weight.copy_(weight.T)
        probe.bias.copy_(y_mean - x_mean @ weight)
    return probe.requires_grad_(False).to(features.dtype)


def nearest(query: Tensor, keys: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Find the rows that point most nearly where a row points: those of the largest cosine.

    Parameters
    ----------
    query
        ``(Q, D)``: features of which the neighbours are looked for.
    keys
        ``(N, D)``: features among which they are looked for.
    count
        How many, from 1 to N.

    Returns
    -------
    cosine : Tensor
        ``(Q, count)``, from 1 down to -1.
    index : Tensor
        ``(Q, count)``, ``int64``: which rows of ``keys`` they are.

    Raises
    ------
    TypeError, ValueError
        If ``count`` is no such number.

    Examples
    --------
    >>> keys = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
    >>> cosine, index = nearest(torch.tensor([[0.0, 1.0]]), keys, 2)
    >>> index, cosine.round(decimals=4)
    (tensor([[1, 2]]), tensor([[1.0000, 0.7071]]))
    """
    if integer("count", count, least=1) > len(keys):
        raise ValueError(f"count is {count}; expected at most {len(keys)}, as many as there are")
    cosines = F.normalize(query, dim=1) @ F.normalize(keys, dim=1).T
    return torch.topk(cosines, count, dim=1)
