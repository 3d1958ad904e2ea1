"""LeNet-5 as it was published in 1998: seven layers, 60,000 parameters, 340,908 connections."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cvlib.arguments import check_numbers, integer, number
from cvlib.layers.cost import summarize

__all__ = [
    "C3_TABLE",
    "LeNet5",
    "RadialBasis",
    "Subsampling",
    "TableConv2d",
    "bitmaps",
    "connections",
    "lenet5_loss",
    "scaled_tanh",
]

# Which maps of S2 each of the 16 maps of C3 sees: the paper's table I, column by column.
C3_TABLE = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)

_DIGITS = """
.......  .......  .......  .......  .......  .......  .......  .......  .......  .......
..###..  ...#...  ..###..  ..###..  .....#.  ######.  ..####.  #######  .#####.  ..###..
.#...#.  ..##...  .#...#.  .#...#.  ....##.  #......  .#.....  ......#  #.....#  .#...#.
#.....#  .#.#...  #.....#  ......#  ...#.#.  #......  #......  .....#.  #.....#  #.....#
#.....#  ...#...  ......#  ......#  ..#..#.  #......  #......  .....#.  #.....#  #.....#
#.....#  ...#...  .....#.  .....#.  .#...#.  #####..  #.###..  ....#..  .#...#.  #.....#
#.....#  ...#...  ....#..  ..###..  #....#.  .....#.  ##...#.  ....#..  ..###..  .#...##
#.....#  ...#...  ...#...  .....#.  #######  ......#  #.....#  ...#...  .#...#.  ..###.#
#.....#  ...#...  ..#....  ......#  .....#.  ......#  #.....#  ...#...  #.....#  ......#
.#...#.  ...#...  .#.....  #.....#  .....#.  #....#.  .#...#.  ..#....  #.....#  .....#.
..###..  .#####.  #######  .#####.  .....#.  .####..  ..###..  ..#....  .#####.  .####..
.......  .......  .......  .......  .......  .......  .......  .......  .......  .......
"""


def bitmaps() -> Tensor:
    """Return the stylised digits that the outputs of LeNet-5 compare with.

    Returns
    -------
    Tensor
        The digits 0 to 9, 1 for ink and -1 for paper, shape (10, 12, 7). They are redrawn in the
        manner of the paper's figure 3, not copied.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition",
    Proceedings of the IEEE 86(11), 1998, section II.B and figure 3.

    Examples
    --------
    >>> ["".join(".#"[int(dot > 0)] for dot in row) for row in bitmaps()[7, :4]]
    ['.......', '#######', '......#', '.....#.']
    """
    rows = [line.split() for line in _DIGITS.split("\n") if line]
    drawings = zip(*rows, strict=True)
    dots = [[[".#".index(dot) for dot in row] for row in digit] for digit in drawings]
    return 2.0 * torch.tensor(dots) - 1


def scaled_tanh(x: Tensor) -> Tensor:
    """Squash numbers as LeNet-5 does, so that 1 stays near 1 and -1 near -1.

    Parameters
    ----------
    x
        Weighted sums, of any shape.

    Returns
    -------
    Tensor
        ``1.7159 * tanh(2 / 3 * x)``, of the same shape.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner (1998), section II.B and appendix A.

    Examples
    --------
    >>> scaled_tanh(torch.tensor([-1.0, 0.0, 1.0, 10.0]))
    tensor([-1.0000,  0.0000,  1.0000,  1.7159])
    """
    return 1.7159 * torch.tanh(2 / 3 * x)


class Subsampling(nn.Module):
    """Add up blocks of 2 by 2, multiply by a learnt coefficient, and add a learnt bias.

    Parameters
    ----------
    channels
        How many maps; each has a coefficient and a bias of its own.

    Examples
    --------
    >>> layer = Subsampling(6)
    >>> layer(torch.zeros(1, 6, 28, 28)).shape, sum(p.numel() for p in layer.parameters())
    (torch.Size([1, 6, 14, 14]), 12)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(integer("channels", channels, least=1)))
        self.bias = nn.Parameter(torch.empty(channels))
        _uniform(4, *self.parameters())

    def forward(self, x: Tensor) -> Tensor:
        """Halve the maps.

        Parameters
        ----------
        x
            Maps of shape (N, channels, H, W).

        Returns
        -------
        Tensor
            Maps of half the height and width, rounded down.
        """
        channels = len(self.weight)  # four weights that are one: a convolution, map by map
        weight = self.weight.reshape(channels, 1, 1, 1).expand(channels, 1, 2, 2)
        return F.conv2d(x, weight, self.bias, stride=2, groups=channels)


class TableConv2d(nn.Module):
    """A convolution whose maps see only some of the maps before them.

    Parameters
    ----------
    table
        For each map of the output, which maps of the input it sees.
    kernel_size
        Side of the kernels. There is one for each entry of the table.

    Examples
    --------
    >>> layer = TableConv2d(C3_TABLE, kernel_size=5)
    >>> layer.weight.shape, sum(parameter.numel() for parameter in layer.parameters())
    (torch.Size([60, 5, 5]), 1516)
    """

    pairs: Tensor

    def __init__(self, table: Sequence[Sequence[int]], kernel_size: int) -> None:
        super().__init__()
        side = integer("kernel_size", kernel_size, least=1)
        pairs = [(output, seen) for output, maps in enumerate(table) for seen in maps]
        self.shape = (len(table), 1 + max(seen for _, seen in pairs), side, side)
        self.weight = nn.Parameter(torch.empty(len(pairs), side, side))
        self.bias = nn.Parameter(torch.empty(len(table)))
        self.register_buffer("pairs", torch.tensor(pairs).T.contiguous(), persistent=False)
        kernels = self.weight.split([len(maps) for maps in table])
        for maps, *parameters in zip(table, kernels, self.bias, strict=True):
            _uniform(len(maps) * side**2, *parameters)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve each map with those that it sees.

        Parameters
        ----------
        x
            Maps of shape (N, C, H, W).

        Returns
        -------
        Tensor
            A map for each entry of the table.
        """
        # Zeros for the kernels that are not there: much faster than 16 small convolutions.
        weight = self.weight.new_zeros(self.shape).index_put(tuple(self.pairs), self.weight)
        return F.conv2d(x, weight, self.bias)


class RadialBasis(nn.Module):
    """Measure how far a vector lies from each of some fixed ones: squared Euclidean distances.

    Parameters
    ----------
    centres
        The fixed vectors, shape (K, D). They are no parameters: training leaves them as they are.

    Examples
    --------
    >>> RadialBasis(torch.tensor([[1.0, -1.0], [1.0, 1.0]]))(torch.tensor([[1.0, 0.0]]))
    tensor([[1., 1.]])
    """

    weight: Tensor

    def __init__(self, centres: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", centres.clone())

    def forward(self, x: Tensor) -> Tensor:
        """Compute the distances.

        Parameters
        ----------
        x
            Vectors of shape (N, D).

        Returns
        -------
        Tensor
            Squared distances of shape (N, K).
        """
        return (x[:, None] - self.weight).square().sum(2)


class LeNet5(nn.Module):
    """LeNet-5, layer by layer as in the paper of 1998.

    Three convolutions (C), two trainable subsamplings (S), a fully connected layer (F), and outputs
    that measure the distance to a drawing of each digit. Its parameters begin as the paper has it,
    drawn evenly from -2.4 / F to 2.4 / F for a unit of F inputs.

    Parameters
    ----------
    num_classes
        How many of the digits 0 to 9 to tell apart.

    Raises
    ------
    TypeError
        If ``num_classes`` is no integer.
    ValueError
        If it is not from 1 to 10.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition",
    Proceedings of the IEEE 86(11), 1998, section II.B and appendix A.

    Examples
    --------
    >>> model = LeNet5()
    >>> model(torch.zeros(1, 1, 28, 28)).shape
    torch.Size([1, 10])
    >>> sum(parameter.numel() for parameter in model.parameters())
    60000
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        if not 1 <= integer("num_classes", num_classes, least=1) <= 10:
            raise ValueError(f"num_classes is {num_classes}; expected 1 to 10, one for each digit")
        self.c1 = nn.Conv2d(1, 6, kernel_size=5)
        self.s2 = Subsampling(6)
        self.c3 = TableConv2d(C3_TABLE, kernel_size=5)
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, kernel_size=5)
        self.f6 = nn.Linear(120, 84)
        self.output = RadialBasis(bitmaps()[:num_classes].flatten(1))
        _uniform(25, *self.c1.parameters())
        _uniform(400, *self.c5.parameters())
        _uniform(120, *self.f6.parameters())

    def forward(self, x: Tensor) -> Tensor:
        """Compare pictures with the digits.

        Parameters
        ----------
        x
            Pictures of shape (N, 1, 28, 28), ``float32`` from 0 (paper) to 1 (ink).

        Returns
        -------
        Tensor
            Negated distances of shape (N, num_classes): the highest is the answer.
        """
        x = 1.275 * F.pad(x, (2, 2, 2, 2)) - 0.1  # 32 by 32 pixels, from -0.1 to 1.175
        x = scaled_tanh(self.c1(x))
        x = scaled_tanh(self.s2(x))
        x = scaled_tanh(self.c3(x))
        x = scaled_tanh(self.s4(x))
        x = scaled_tanh(self.c5(x))
        x = scaled_tanh(self.f6(torch.flatten(x, 1)))
        return -self.output(x)


def lenet5_loss(outputs: Tensor, labels: Tensor, j: float = 5.0) -> Tensor:
    """Compute the loss of LeNet-5: pull the right distance down, push the small wrong ones up.

    Parameters
    ----------
    outputs
        Negated distances, shape (N, K), as :class:`LeNet5` gives them.
    labels
        The right classes, ``int64``, shape (N,).
    j
        The distance of a class of its own, for rubbish: what lies much farther is pushed no more.

    Returns
    -------
    Tensor
        The mean of ``y[label] + log(exp(-j) + sum(exp(-y)))`` over the batch, for distances ``y``.

    Raises
    ------
    TypeError
        If ``outputs`` holds no floating-point numbers, or ``j`` is no number.
    ValueError
        If ``j`` is negative.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner (1998), equation 9.

    Examples
    --------
    >>> lenet5_loss(torch.tensor([[-1.0, -50.0]]), torch.tensor([1]), j=20)
    tensor(49.)
    """
    check_numbers(outputs)
    # It is cross entropy with one class more, whose distance is always j.
    rubbish = outputs.new_full((len(outputs), 1), -number("j", j))
    return F.cross_entropy(torch.cat([outputs, rubbish], 1), labels)


def connections(model: LeNet5) -> dict[str, int]:
    """Count the connections of each layer, as the paper does.

    A connection leads from a number, or from a bias, to a number of the next layer. A layer has as
    many as it has weights and biases, times the places of its maps at which it uses them; the
    coefficient of a subsampling serves four numbers at each place.

    Parameters
    ----------
    model
        The network. :func:`cvlib.layers.cost.summarize` tells the size of its maps.

    Returns
    -------
    dict of int
        The connections, by the layer's name.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner (1998), section II.B.

    Examples
    --------
    >>> sum(connections(LeNet5()).values())
    340908
    """
    rows = {row.name: row for row in summarize(model, (1, 28, 28)).layers}
    counts = {}
    for name, layer in model.named_children():
        weights, *biases = (values.numel() for values in layer.state_dict().values())
        uses = 4 if isinstance(layer, Subsampling) else 1
        counts[name] = (uses * weights + sum(biases)) * prod(rows[name].output_shape[1:])
    return counts


def _uniform(inputs: int, *parameters: Tensor) -> None:
    """Draw numbers evenly from -2.4 / inputs to 2.4 / inputs, in place."""
    for parameter in parameters:
        nn.init.uniform_(parameter, -2.4 / inputs, 2.4 / inputs)
