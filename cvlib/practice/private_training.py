"""DP-SGD: stochastic gradient descent that no single example can steer.

Each example's own gradient is clipped to a length, so that none counts for more than another could.
Normal noise in proportion to that length is added to their sum. And each batch is drawn by coins,
one for each example. What that costs in privacy counts :mod:`cvlib.practice.accountant`.

The seeded generators of this module serve teaching and tests: whoever knows the seed can take the
noise off again. Publish nothing that was trained with them. What :func:`train_privately` reports of
its steps is not protected either.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from cvlib.arguments import check_numbers, integer, number
from cvlib.data import ImageSet
from cvlib.practice.differential_privacy import _above

__all__ = [
    "PrivateStep",
    "clip_gradients",
    "gradient_norms",
    "per_example_gradients",
    "poisson_sample",
    "private_gradient",
    "train_privately",
]

Loss = Callable[[Tensor, Tensor], Tensor]


class PrivateStep(NamedTuple):
    """What a step saw. It is for the eyes of those who may see the examples, not for publishing.

    Parameters
    ----------
    pictures
        How many were drawn.
    clipped
        The share of them whose gradient was shortened; nan where none was drawn.
    """

    pictures: int
    clipped: float


def poisson_sample(examples: int, q: float, generator: Generator | None = None) -> Tensor:
    """Draw a batch by coins, one for each example.

    Parameters
    ----------
    examples
        How many there are.
    q
        The chance of each, from 0 to 1.
    generator
        Where chance comes from; torch's own by default.

    Returns
    -------
    Tensor
        ``int64``, the positions of those drawn, in order. Their number differs from batch to batch,
        and may be 0.

    Raises
    ------
    TypeError
        If an argument is no number.
    ValueError
        If one is out of its range.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> [len(poisson_sample(4000, 0.01, generator)) for _ in range(4)]
    [44, 38, 34, 49]
    """
    many, rate = integer("examples", examples), number("q", q, most=1)
    coins = torch.rand(many, generator=generator, dtype=torch.float64)
    return (coins < rate).nonzero()[:, 0]


def per_example_gradients(
    model: nn.Module, images: Tensor, labels: Tensor, loss: Loss = cross_entropy
) -> dict[str, Tensor]:
    """Compute the gradient of each example's loss on its own, all at once.

    Parameters
    ----------
    model
        From inputs (N, ...) to outputs. What it does with an example must not depend on the others
        in the batch: no batch normalization.
    images
        (N, ...), as the model takes them.
    labels
        (N, ...).
    loss
        A function of outputs and labels that gives the mean of a batch, here a batch of one.

    Returns
    -------
    dict of str to Tensor
        By the parameters' names, (N, ...): the gradient of each example. Parameters that are frozen
        are left out.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers.
    ValueError
        If there are not as many labels as inputs, or the model normalizes by batches.

    Examples
    --------
    >>> model = nn.Linear(2, 1, bias=False)
    >>> x, y = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.zeros(2, 1)
    >>> per_example_gradients(model, x, y, lambda output, y: output.sum())["weight"]
    tensor([[[1., 2.]],
    <BLANKLINE>
            [[3., 4.]]])
    """
    check_numbers(images, name="images")
    if len(images) != len(labels):
        raise ValueError(f"labels holds {len(labels)}; expected {len(images)}, one for each input")
    for name, part in model.named_modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            raise ValueError(
                f"model has batch normalization, {name or 'itself'}; expected layers that look at "
                "each example alone, such as nn.GroupNorm"
            )
    weights = {name: each.detach() for name, each in model.named_parameters() if each.requires_grad}
    if not len(images):
        return {name: each.new_zeros((0, *each.shape)) for name, each in weights.items()}

    def loss_of_one(weights: dict[str, Tensor], image: Tensor, label: Tensor) -> Tensor:
        return loss(functional_call(model, weights, (image[None],)), label[None])

    one = grad(loss_of_one)
    many = vmap(one, in_dims=(None, 0, 0), randomness="different")
    gradients: dict[str, Tensor] = many(weights, images, labels)
    return gradients


def gradient_norms(gradients: Mapping[str, Tensor]) -> Tensor:
    """Measure each example's gradient, over all parameters together.

    Parameters
    ----------
    gradients
        By name, (N, ...), as :func:`per_example_gradients` gives them.

    Returns
    -------
    Tensor
        (N,), Euclidean lengths.

    Raises
    ------
    ValueError
        If there are none.

    Examples
    --------
    >>> gradient_norms({"weight": torch.tensor([[3.0], [0.0]]), "bias": torch.tensor([4.0, 1.0])})
    tensor([5., 1.])
    """
    if not gradients:
        raise ValueError("gradients is empty; expected those of at least one parameter")
    parts = [each[:, None].flatten(1).norm(dim=1) for each in gradients.values()]
    return torch.stack(parts).norm(dim=0)


def clip_gradients(gradients: Mapping[str, Tensor], max_norm: float) -> dict[str, Tensor]:
    """Shorten each example's gradient to a length, and leave alone what is shorter.

    Parameters
    ----------
    gradients
        By name, (N, ...).
    max_norm
        The largest length that stays, above 0.

    Returns
    -------
    dict of str to Tensor
        The same, each example's divided by what it is too long by, in all its parts alike.

    Raises
    ------
    ValueError
        If there are none, or ``max_norm`` is not above 0.

    References
    ----------
    Abadi et al., "Deep learning with differential privacy", ACM Conference on Computer and
    Communications Security 2016, algorithm 1.

    Examples
    --------
    >>> clip_gradients({"weight": torch.tensor([[3.0, 4.0], [0.3, 0.4]])}, 1.0)
    {'weight': tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])}
    """
    excess = _excess(gradients, max_norm)
    return {
        name: each / excess.reshape(-1, *[1] * (each.ndim - 1)) for name, each in gradients.items()
    }


def private_gradient(
    gradients: Mapping[str, Tensor],
    *,
    max_norm: float,
    noise_multiplier: float,
    expected_batch_size: float,
    generator: Generator | None = None,
) -> dict[str, Tensor]:
    """Make of the examples' gradients one that hides each of them: clip, add up, add noise.

    Parameters
    ----------
    gradients
        By name, (N, ...); N may be 0.
    max_norm
        The length to which each example's gradient is clipped.
    noise_multiplier
        The standard deviation of the noise, in units of ``max_norm``.
    expected_batch_size
        What the noisy sum is divided by. It is the mean size of a batch and not this batch's own,
        which would betray how many examples were drawn.
    generator
        Where the noise comes from, on the CPU; torch's own by default.

    Returns
    -------
    dict of str to Tensor
        By name, the shape of each parameter.

    Raises
    ------
    ValueError
        If there are none, or a number is out of its range.

    References
    ----------
    Abadi et al., "Deep learning with differential privacy", ACM Conference on Computer and
    Communications Security 2016, algorithm 1.

    Examples
    --------
    >>> gradients = {"weight": torch.tensor([[3.0, 4.0], [0.3, 0.4]])}
    >>> private_gradient(gradients, max_norm=1.0, noise_multiplier=0, expected_batch_size=2)
    {'weight': tensor([0.4500, 0.6000])}
    """
    deviation = number("noise_multiplier", noise_multiplier) * max_norm
    divisor = _above("expected_batch_size", expected_batch_size)
    weights = 1 / _excess(gradients, max_norm)
    found = {}
    for name, each in gradients.items():
        total = torch.tensordot(weights, each, dims=1)  # clips and adds up, without a copy
        noise = torch.randn(total.shape, generator=generator, dtype=total.dtype)
        found[name] = (total + deviation * noise.to(total)) / divisor
    return found


def train_privately(
    model: nn.Module,
    train: ImageSet,
    *,
    steps: int,
    batch_size: float,
    max_norm: float,
    noise_multiplier: float,
    learning_rate: float,
    momentum: float = 0.0,
    seed: int = 0,
) -> list[PrivateStep]:
    """Train a classifier by DP-SGD.

    Parameters
    ----------
    model
        From pictures (N, C, H, W), ``float32`` from 0 to 1, to logits. It is changed in place, on
        the CPU, and without batch normalization.
    train
        What to learn from.
    steps
        How many steps.
    batch_size
        The mean number of pictures per step; each is drawn with the chance of this over their
        number. So their number must be no secret.
    max_norm
        The length to which each picture's gradient is clipped; infinity for none, which needs
        ``noise_multiplier`` 0 and is stochastic gradient descent as it always was.
    noise_multiplier
        The standard deviation of the noise, in units of ``max_norm``; 0 for none.
    learning_rate
        The factor of each step.
    momentum
        How much of the last direction is kept, from 0. It uses what is private already, and costs
        nothing more.
    seed
        Of batches and noise: the two have generators of their own, so that the same pictures are
        drawn whatever the noise.

    Returns
    -------
    list of PrivateStep
        What each step saw.

    Raises
    ------
    ValueError
        If a number is out of its range, or the model normalizes by batches.

    References
    ----------
    Abadi et al., "Deep learning with differential privacy", ACM Conference on Computer and
    Communications Security 2016, algorithm 1.

    Examples
    --------
    >>> pictures = torch.randint(256, (60, 1, 4, 4), dtype=torch.uint8)
    >>> train = ImageSet(pictures, torch.arange(60) % 3, ("a", "b", "c"), "noise")
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    >>> seen = train_privately(
    ...     model, train, steps=3, batch_size=30, max_norm=1.0, noise_multiplier=1.0,
    ...     learning_rate=0.1,
    ... )
    >>> [step.pictures for step in seen]
    [29, 33, 27]
    """
    if len(train) == 0:
        raise ValueError("train is empty; expected at least one picture")
    rate = number("batch_size", batch_size, most=len(train)) / len(train)
    unbounded = max_norm == math.inf
    if unbounded and noise_multiplier != 0:
        raise ValueError(
            f"max_norm is inf and noise_multiplier {noise_multiplier!r}; expected a length, in "
            "whose units the noise is measured"
        )
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum)
    coins = torch.Generator().manual_seed(seed)
    noise = torch.Generator().manual_seed(seed + 2**31)  # torch reads the lower 32 bits alone
    seen = []
    for _ in range(integer("steps", steps)):
        drawn = poisson_sample(len(train), rate, coins)
        images, labels = train.images[drawn] / 255, train.labels[drawn]
        clipped = math.nan
        optimizer.zero_grad()
        if unbounded:  # nobody's own gradient is needed
            if len(drawn):
                (cross_entropy(model(images), labels, reduction="sum") / batch_size).backward()
                clipped = 0.0
        else:
            gradients = per_example_gradients(model, images, labels)
            if len(drawn):
                clipped = float((gradient_norms(gradients) > max_norm).double().mean())
            private = private_gradient(
                gradients,
                max_norm=max_norm,
                noise_multiplier=noise_multiplier,
                expected_batch_size=batch_size,
                generator=noise,
            )
            for name, parameter in model.named_parameters():
                if name in private:
                    parameter.grad = private[name]
        optimizer.step()
        seen.append(PrivateStep(len(drawn), clipped))
    return seen


def _excess(gradients: Mapping[str, Tensor], max_norm: float) -> Tensor:
    """Return by which factor each example's gradient is too long, at least 1."""
    return (gradient_norms(gradients) / _above("max_norm", max_norm)).clamp(min=1)
