"""A batch shared out: the gradient of the whole from the gradients of its shares.

What :class:`torch.nn.parallel.DistributedDataParallel` does between processes, here in one, where
it can be looked at: the shares' gradients, their mean, and what batch normalization must send
besides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cvlib.arguments import check_numbers, integer

__all__ = ["average_gradients", "combine_statistics", "gradient_of"]


def gradient_of(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
) -> Tensor:
    """Return the gradient of a loss by all weights of a network, one after the other in a vector.

    Parameters
    ----------
    model
        A network of n weights. What stands in their ``grad`` is left alone.
    inputs, targets
        A batch, as the network and the loss take it.
    loss
        A function of outputs and targets that gives one number.

    Returns
    -------
    Tensor
        (n,), in the order of ``model.parameters()``.

    Raises
    ------
    ValueError
        If the model has no weight that learns.

    Examples
    --------
    >>> line = nn.Linear(1, 1, bias=False)
    >>> gradient_of(line, torch.tensor([[3.0]]), None, lambda y, _: y.mean())
    tensor([3.])
    """
    weights = [each for each in model.parameters() if each.requires_grad]
    if not weights:
        raise ValueError("model has no parameter that requires a gradient; expected some")
    found = torch.autograd.grad(loss(model(inputs), targets), weights)
    return torch.cat([each.flatten() for each in found])


def average_gradients(gradients: Sequence[Tensor], counts: Sequence[int]) -> Tensor:
    """Return the gradient of a batch's mean loss from those of its shares.

    Parameters
    ----------
    gradients
        For each share the gradient of its own mean loss, tensors of one shape.
    counts
        How many pictures each share has. One of none counts for nothing.

    Returns
    -------
    Tensor
        The mean of the gradients, each weighed by its pictures.

    Raises
    ------
    TypeError
        If a gradient is no tensor of floating-point numbers, their dtypes differ, or a count is no
        integer.
    ValueError
        If there is no gradient or no picture, there are not as many counts, a count is negative, or
        shapes differ.

    Examples
    --------
    >>> average_gradients([torch.tensor([1.0]), torch.tensor([5.0])], [3, 1])
    tensor([2.])
    """
    if not len(gradients):
        raise ValueError("gradients is empty; expected one for each share")
    first = gradients[0]
    others = {f"gradients[{at}]": each for at, each in enumerate(gradients) if at}
    check_numbers(first, name="gradients[0]", **others)
    for name, each in others.items():
        if each.shape != first.shape:
            raise ValueError(
                f"{name} has shape {tuple(each.shape)}; expected {tuple(first.shape)}, as the "
                "first has"
            )
    if len(counts) != len(gradients):
        raise ValueError(f"counts has {len(counts)} numbers; expected {len(gradients)}")
    pictures = [integer(f"counts[{at}]", count) for at, count in enumerate(counts)]
    if not sum(pictures):
        raise ValueError(f"counts is {list(counts)}; expected a picture at least")
    mean = torch.zeros_like(first)
    for gradient, count in zip(gradients, pictures, strict=True):
        if count:  # the mean loss of no picture is nan, and nan times 0 is nan
            mean += gradient * (count / sum(pictures))
    return mean


def combine_statistics(
    means: Tensor, variances: Tensor, counts: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Return mean and variance of a whole from those of its shares, exactly.

    This is what ``torch.nn.SyncBatchNorm`` does: the variance of the whole is the mean of the
    shares' variances, and the spread of their means besides.

    Parameters
    ----------
    means, variances
        Of each share, (k, C); variances are divided by the count, as batch normalization has them.
    counts
        How many numbers each share has for a channel.

    Returns
    -------
    tuple of Tensor
        Mean and variance, (C,).

    Raises
    ------
    TypeError
        If a tensor does not hold floating-point numbers, their dtypes differ, or a count is no
        integer.
    ValueError
        If shapes are not (k, C), there are not k counts, or one is below 1.

    Examples
    --------
    >>> means, variances = torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [0.0]])
    >>> combine_statistics(means, variances, [4, 4])  # four ones and four threes
    (tensor([2.]), tensor([1.]))
    """
    check_numbers(means, name="means", variances=variances)
    if means.ndim != 2 or means.shape != variances.shape:
        raise ValueError(
            f"means has shape {tuple(means.shape)} and variances {tuple(variances.shape)}; "
            "expected (k, C) for both"
        )
    if len(counts) != len(means):
        raise ValueError(f"counts has {len(counts)} numbers; expected {len(means)}")
    numbers = [integer(f"counts[{at}]", count, least=1) for at, count in enumerate(counts)]
    weights = means.new_tensor(numbers)[:, None] / sum(numbers)
    mean = (weights * means).sum(0)
    return mean, (weights * (variances + (means - mean) ** 2)).sum(0)
