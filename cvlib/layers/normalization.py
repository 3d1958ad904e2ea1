"""Batch normalization, and the local response normalization that came before it.

Inputs are ``(N, C, ...)``: examples, channels, and whatever positions a channel has, such as rows
and columns. What normalizes each example on its own is in
:mod:`cvlib.layers.group_normalization`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.arguments import check_numbers, integer
from cvlib.layers.precision import at_least_float32

__all__ = [
    "BatchNorm2d",
    "batch_norm",
    "batch_norm_backward",
    "local_response_norm",
]


@at_least_float32()
def batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Standardize each channel: over the batch in training, by running statistics in evaluation.

    Parameters
    ----------
    x
        ``(N, C, ...)``.
    running_mean, running_var
        ``(C,)`` each. Evaluation uses them; training moves them in place towards the statistics
        of the batch, unless they are None.
    weight, bias
        ``(C,)`` each: what the standardized numbers are multiplied by, and what is added.
    training
        Whether the batch's own mean and variance are used.
    momentum
        The weight of the *new* value in the running statistics; the old one has the rest.
    eps
        Added to the variance, so that a constant channel does not divide by 0.

    Returns
    -------
    Tensor
        As ``x``. The batch is divided by the root of its biased variance (the sum of squares
        over their number n); what enters ``running_var`` is the unbiased one (over n - 1).

    Raises
    ------
    ValueError
        If shapes do not fit together, training meets a single value a channel, or evaluation has
        no running statistics.
    TypeError
        If an argument is no tensor of floating-point numbers, or dtypes differ.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal
    covariate shift" (2015), algorithms 1 and 2.

    Examples
    --------
    >>> x, mean, var = torch.tensor([[1.0], [3.0]]), torch.zeros(1), torch.ones(1)
    >>> batch_norm(x, mean, var, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    >>> mean, var
    (tensor([0.2000]), tensor([1.1000]))
    """
    _check_batch(x, running_mean, running_var, weight, bias, training)
    if training:
        axes = [0, *range(2, x.ndim)]
        mean = x.mean(axes)
        var = (x - as_channels(mean, x)).square().mean(axes)
        if running_mean is not None and running_var is not None and x.numel():
            n = x.numel() // x.shape[1]
            with torch.no_grad():
                running_mean.lerp_(mean, momentum)
                running_var.lerp_(var * n / (n - 1), momentum)
    elif running_mean is not None and running_var is not None:
        mean, var = running_mean, running_var
    y = (x - as_channels(mean, x)) / as_channels(torch.sqrt(var + eps), x)
    return scale(y, weight, bias)


@at_least_float32()
def batch_norm_backward(
    gradient: Tensor, x: Tensor, weight: Tensor, eps: float = 1e-5
) -> tuple[Tensor, Tensor, Tensor]:
    """Send a gradient back through :func:`batch_norm` in training, by the formula, not autograd.

    Parameters
    ----------
    gradient
        The loss's derivative with respect to the output, shape of ``x``.
    x, weight, eps
        As they went into :func:`batch_norm`.

    Returns
    -------
    of_x, of_weight, of_bias : Tensor
        The loss's derivatives with respect to ``x``, ``weight`` and ``bias``.

    Raises
    ------
    ValueError
        If shapes do not fit together.
    TypeError
        If an argument is no tensor of floating-point numbers, or dtypes differ.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization" (2015), section 3.

    Examples
    --------
    >>> x, weight = torch.tensor([[1.0], [2.0], [6.0]]), torch.ones(1)
    >>> of_x, of_weight, of_bias = batch_norm_backward(torch.ones(3, 1), x, weight)
    >>> bool(of_x.abs().max() < 1e-6), of_bias
    (True, tensor([3.]))
    """
    check_channels(x, weight=weight)
    check_numbers(x, gradient=gradient)
    if gradient.shape != x.shape:
        shape, expected = tuple(gradient.shape), tuple(x.shape)
        raise ValueError(f"gradient has shape {shape}; expected {expected}")
    axes = [0, *range(2, x.ndim)]
    centred = x - x.mean(axes, keepdim=True)
    deviation = torch.sqrt(centred.square().mean(axes, keepdim=True) + eps)
    standard = centred / deviation
    along = (gradient * standard).mean(axes, keepdim=True)
    through = gradient - gradient.mean(axes, keepdim=True) - standard * along
    of_x = as_channels(weight, x) / deviation * through
    return of_x, (gradient * standard).sum(axes), gradient.sum(axes)


class BatchNorm2d(nn.Module):
    """Batch normalization of feature maps, as a layer that keeps its statistics.

    Parameters
    ----------
    num_features
        How many channels (C): not the batch, not the picture's side.
    eps
        As in :func:`batch_norm`.
    momentum
        As in :func:`batch_norm`; with None, the running statistics are the plain averages over all
        batches seen so far.
    affine
        Whether to learn a weight and a bias for each channel.
    track_running_stats
        Whether to keep running statistics. Without them, evaluation uses the batch as well.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization" (2015), section 3.2.

    Examples
    --------
    >>> layer = BatchNorm2d(3)
    >>> layer(torch.zeros(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    >>> list(layer.state_dict())
    ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
    """

    _version = 2  # torch's: the state since num_batches_tracked is part of it

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = integer("num_features", num_features)
        self.eps, self.momentum = eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = nn.Parameter(torch.ones(num_features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_features)) if affine else None
        tracked = track_running_stats
        self.register_buffer("running_mean", torch.zeros(num_features) if tracked else None)
        self.register_buffer("running_var", torch.ones(num_features) if tracked else None)
        self.register_buffer("num_batches_tracked", torch.tensor(0) if tracked else None)

    def forward(self, x: Tensor) -> Tensor:
        """Standardize a batch of pictures.

        Parameters
        ----------
        x
            ``(N, C, H, W)``.

        Returns
        -------
        Tensor
            As ``x``.

        Raises
        ------
        ValueError
            If ``x`` has another number of dimensions or channels.
        """
        if x.ndim != 4:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, C, H, W)")
        momentum = self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked += 1
            if momentum is None:
                momentum = 1 / int(self.num_batches_tracked)
        return batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training or self.running_mean is None,
            momentum=momentum or 0.0,
            eps=self.eps,
        )

    def extra_repr(self) -> str:
        """Say what the layer was made with."""
        names = ("eps", "momentum", "affine", "track_running_stats")
        return ", ".join([str(self.num_features), *(f"{n}={getattr(self, n)}" for n in names)])


@at_least_float32()
def local_response_norm(
    x: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide each number by what neighbouring channels say at the same position.

    ``x / (k + alpha / size * sum of squares) ** beta``, the sum over ``size`` channels around.
    As torch does, and as the paper does not, alpha is divided by the size: the paper's 1e-4 with
    5 channels is ``local_response_norm(x, 5, alpha=5e-4, beta=0.75, k=2)``.

    Parameters
    ----------
    x
        ``(N, C, ...)``, at least one dimension of positions.
    size
        How many channels are summed; of an even number, one more lies before than behind.
    alpha, beta, k
        Numbers of the formula.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    ValueError
        If ``x`` has fewer than three dimensions, or size is below 1.
    TypeError
        If ``x`` is no tensor of floating-point numbers.

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
    networks" (2012), section 3.3.

    Examples
    --------
    >>> local_response_norm(torch.tensor([[[0.0], [3.0], [4.0]]]), 3, alpha=3, beta=0.5, k=0)
    tensor([[[0.0000],
             [0.6000],
             [0.8000]]])
    """
    check_numbers(x)
    if x.ndim < 3:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, C, ...)")
    before = integer("size", size, least=1) // 2
    squares = F.pad(x.square().movedim(1, -1), (before, size - 1 - before))
    mean = squares.unfold(-1, size, 1).mean(-1).movedim(-1, 1)
    return x / (k + alpha * mean) ** beta


def scale(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """Multiply and shift each channel, where there is something to do it with."""
    x = x if weight is None else x * as_channels(weight, x)
    return x if bias is None else x + as_channels(bias, x)


def as_channels(numbers: Tensor, x: Tensor) -> Tensor:
    """Give a number per channel, (C,), the shape that goes with ``x``: (C, 1, ...)."""
    return numbers.view(-1, *[1] * (x.ndim - 2))


def check_channels(x: Tensor, **others: Tensor | None) -> None:
    """Refuse what has no channels, and what has not one number for each of them."""
    check_numbers(x, name="x", **others)
    if x.ndim < 2:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, C, ...)")
    for name, tensor in others.items():
        if tensor is not None and tensor.shape != x.shape[1:2]:
            shape = tuple(tensor.shape)
            raise ValueError(f"{name} has shape {shape}; expected ({x.shape[1]},), one a channel")


def _check_batch(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    training: bool,
) -> None:
    check_channels(x, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if (running_mean is None) != (running_var is None):
        raise ValueError("only one of running_mean and running_var is given; expected both or none")
    if running_mean is None and not training:
        raise ValueError("running_mean and running_var are None; expected tensors in evaluation")
    if training and x[:, :1].numel() == 1:
        shape = tuple(x.shape)
        raise ValueError(
            f"x has shape {shape}, one value per channel; expected at least two in training"
        )
