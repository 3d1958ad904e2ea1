"""Change pictures so little that a person sees no other thing, and so that a network does.

Two attacks that know the network: one step along the signs of the gradient
(:func:`fgsm`), and many small steps, each followed by a projection into the ball of allowed
changes (:func:`pgd`). :func:`random_signs` is the control for both: changes of the same size that
know nothing. :func:`attacked` makes an attack an augmentation, and training on it adversarial.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from cvlib.arguments import integer, number
from cvlib.augmentation.draws import check_batch

__all__ = [
    "attacked",
    "fgsm",
    "input_gradient",
    "margin_loss",
    "pgd",
    "project",
    "random_signs",
]

_Model = Callable[[Tensor], Tensor]
_Loss = Callable[[Tensor, Tensor], Tensor]


def _cross_entropy(outputs: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(outputs, labels, reduction="none")


def margin_loss(outputs: Tensor, labels: Tensor) -> Tensor:
    """Say by how much the highest wrong output lies above the right one.

    Cross entropy saturates: of a network that is sure enough, its gradient is 0 in floating-point
    numbers. This loss is linear in the outputs, and always has one.

    Parameters
    ----------
    outputs
        ``(N, K)``, with at least two classes.
    labels
        ``(N,)``, the right classes.

    Returns
    -------
    Tensor
        ``(N,)``; above 0 where the answer is wrong.

    Raises
    ------
    ValueError
        If a shape does not fit, or there is one class only.

    References
    ----------
    Carlini and Wagner, "Towards evaluating the robustness of neural networks", IEEE Symposium on
    Security and Privacy 2017, section V.A.

    Examples
    --------
    >>> margin_loss(torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([0]))
    tensor([-1.])
    """
    _check_outputs(outputs, labels)
    right = F.one_hot(labels, outputs.shape[1]).bool()
    return outputs.masked_fill(right, -math.inf).amax(1) - outputs[right]


def input_gradient(
    model: _Model, pictures: Tensor, labels: Tensor, loss: _Loss | None = None
) -> Tensor:
    """Compute how each picture's loss changes with each of its pixels.

    Parameters
    ----------
    model
        From pictures to outputs ``(N, K)``; its mode and its parameters' gradients stay as they
        are. In training mode, layers that look across the batch would mix the pictures.
    pictures
        ``(N, C, H, W)``.
    labels
        ``(N,)``.
    loss
        From outputs and labels to one number for each picture, ``(N,)``; cross entropy by default.

    Returns
    -------
    Tensor
        As ``pictures``.

    Raises
    ------
    TypeError
        If ``pictures`` holds no floating-point numbers.
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> def brighter(x):
    ...     total = x.sum((1, 2, 3))
    ...     return torch.stack([-total, total], 1)
    >>> input_gradient(brighter, torch.zeros(1, 1, 1, 2), torch.tensor([0]), margin_loss)
    tensor([[[[2., 2.]]]])
    """
    check_batch(pictures, "pictures")
    if labels.shape != pictures.shape[:1]:
        raise ValueError(f"labels has shape {tuple(labels.shape)}; expected ({len(pictures)},)")
    with torch.enable_grad():  # an attack may stand where gradients are off
        x = pictures.detach().clone().requires_grad_()
        losses = (loss or _cross_entropy)(model(x), labels)
        if losses.shape != labels.shape:
            raise ValueError(
                f"loss gives shape {tuple(losses.shape)}; expected ({len(pictures)},), "
                "a number for each picture"
            )
        (gradient,) = torch.autograd.grad(losses.sum(), x)
    return gradient


def project(perturbation: Tensor, epsilon: float, norm: float = math.inf) -> Tensor:
    """Move changes that are too large to the nearest ones that are allowed.

    Parameters
    ----------
    perturbation
        ``(N, C, H, W)``, a change for each picture.
    epsilon
        The radius of the ball of allowed changes, at least 0.
    norm
        How a change is measured: by its largest number (``math.inf``) or by its length (2).

    Returns
    -------
    Tensor
        As ``perturbation``; what lay inside the ball is not moved.

    Raises
    ------
    TypeError
        If ``perturbation`` holds no floating-point numbers.
    ValueError
        If its shape is another one, ``epsilon`` is negative, or the norm is another one.

    Examples
    --------
    >>> change = torch.tensor([0.3, -0.4]).view(1, 1, 1, 2)
    >>> project(change, 0.25).flatten(), project(change, 0.25, norm=2).flatten()
    (tensor([ 0.2500, -0.2500]), tensor([ 0.1500, -0.2000]))
    """
    check_batch(perturbation, "perturbation")
    number("epsilon", epsilon)
    if _norm(norm) == math.inf:
        return perturbation.clamp(-epsilon, epsilon)
    length = _length(perturbation)
    # Below the radius the factor is 1 to the bit; a length of 0 divides nothing.
    return perturbation * torch.where(length > epsilon, epsilon / length, 1)


def fgsm(
    model: _Model,
    pictures: Tensor,
    labels: Tensor,
    epsilon: float,
    *,
    targeted: bool = False,
    loss: _Loss | None = None,
) -> Tensor:
    """Change every pixel by as much as allowed, to the side on which the loss grows.

    The fast gradient sign method. Of all changes up to ``epsilon``, it is the one that raises a
    linear loss most.

    Parameters
    ----------
    model, pictures, labels, loss
        As for :func:`input_gradient`; pictures from 0 to 1.
    epsilon
        The largest change of a pixel, at least 0.
    targeted
        Whether ``labels`` are the classes wanted, so that the loss shall fall; else they are the
        right ones.

    Returns
    -------
    Tensor
        As ``pictures``, from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        As :func:`input_gradient`, or if ``epsilon`` is negative.

    References
    ----------
    Goodfellow, Shlens, Szegedy, "Explaining and harnessing adversarial examples", ICLR 2015,
    section 4.

    Examples
    --------
    >>> def brighter(x):
    ...     total = x.sum((1, 2, 3))
    ...     return torch.stack([-total, total], 1)
    >>> fgsm(brighter, torch.full((1, 1, 1, 2), 0.5), torch.tensor([1]), epsilon=0.125).flatten()
    tensor([0.3750, 0.3750])
    """
    number("epsilon", epsilon)
    uphill = input_gradient(model, pictures, labels, loss).sign()
    step = -epsilon if targeted else epsilon
    return (pictures.detach() + step * uphill).clamp(0, 1)


def pgd(
    model: _Model,
    pictures: Tensor,
    labels: Tensor,
    epsilon: float,
    *,
    steps: int = 10,
    step: float | None = None,
    norm: float = math.inf,
    targeted: bool = False,
    loss: _Loss | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Walk uphill on the loss in small steps, and return into the ball after each.

    Projected gradient descent (here: ascent).

    Parameters
    ----------
    model, pictures, labels, targeted, loss
        As for :func:`fgsm`.
    epsilon
        The radius of the ball of allowed changes, at least 0.
    steps
        How many, at least 1.
    step
        How far each goes, at least 0; by default ``2.5 * epsilon / steps``, so that the whole ball
        can be crossed.
    norm
        ``math.inf``: each step goes along the gradient's signs, and no pixel changes by more than
        ``epsilon``. 2: it goes along the gradient, and the change is at most ``epsilon`` long.
    generator
        On the CPU. With one, the walk begins at a random point of the ball, else at the picture.

    Returns
    -------
    Tensor
        As ``pictures``, from 0 to 1: where the walk ends.

    Raises
    ------
    TypeError, ValueError
        As :func:`fgsm`, or if ``steps``, ``step`` or ``norm`` cannot be.

    References
    ----------
    Madry, Makelov, Schmidt, Tsipras, Vladu, "Towards deep learning models resistant to adversarial
    attacks", ICLR 2018, section 2.

    Examples
    --------
    >>> def brighter(x):
    ...     total = x.sum((1, 2, 3))
    ...     return torch.stack([-total, total], 1)
    >>> pictures, labels = torch.full((1, 1, 1, 2), 0.5), torch.tensor([1])
    >>> pgd(brighter, pictures, labels, 0.125, steps=3).flatten()
    tensor([0.3750, 0.3750])
    >>> changed = pgd(brighter, pictures, labels, 0.125, steps=3, norm=2)
    >>> print(f"{(changed - pictures).norm():.3f}")
    0.125
    """
    number("epsilon", epsilon)
    integer("steps", steps, least=1)
    step = number("step", 2.5 * epsilon / steps if step is None else step)
    _norm(norm)
    pictures = pictures.detach()
    x = pictures
    if generator is not None:
        x = (x + _random_change(x, epsilon, norm, generator)).clamp(0, 1)
    for _ in range(steps):
        uphill = input_gradient(model, x, labels, loss)
        if norm == math.inf:
            uphill = uphill.sign()
        else:  # no gradient, no step
            uphill = uphill / _length(uphill).clamp(min=torch.finfo(uphill.dtype).tiny)
        x = x - step * uphill if targeted else x + step * uphill
        x = (pictures + project(x - pictures, epsilon, norm)).clamp(0, 1)
    return x


def random_signs(pictures: Tensor, epsilon: float, generator: Generator) -> Tensor:
    """Change every pixel by as much as allowed, up or down by the toss of a coin.

    The control for :func:`fgsm`: as large a change, by one who does not know the network.

    Parameters
    ----------
    pictures
        ``(N, C, H, W)``, from 0 to 1.
    epsilon
        The change of each pixel, at least 0.
    generator
        Where chance comes from, on the CPU.

    Returns
    -------
    Tensor
        As ``pictures``, from 0 to 1.

    Raises
    ------
    TypeError
        If ``pictures`` holds no floating-point numbers.
    ValueError
        If the shape is another one, ``epsilon`` is negative, or the generator is not on the CPU.

    Examples
    --------
    >>> grey = torch.full((1, 1, 1, 4), 0.5)
    >>> random_signs(grey, 0.125, torch.Generator().manual_seed(0)).flatten()
    tensor([0.3750, 0.6250, 0.6250, 0.3750])
    """
    check_batch(pictures, "pictures")
    number("epsilon", epsilon)
    signs = torch.randint(2, pictures.shape, generator=_on_the_cpu(generator)) * 2 - 1
    return (pictures + epsilon * signs.to(pictures)).clamp(0, 1)


def attacked(
    inputs: Tensor,
    targets: Tensor,
    generator: Generator,
    *,
    model: _Model,
    epsilon: float,
    steps: int = 7,
) -> tuple[Tensor, Tensor]:
    """Attack a batch to learn from, as an augmentation: adversarial training.

    Bind the network and the strength with ``functools.partial``, and hand it to
    :func:`cvlib.training.loop.fit` as ``augment``, after those that draw.

    Parameters
    ----------
    inputs
        ``(B, C, H, W)``, from 0 to 1.
    targets
        ``(B,)``, the right classes.
    generator
        Where the random start comes from, on the CPU.
    model
        The network that is being trained: the attack is against its weights of the moment.
    epsilon
        The largest change of a pixel.
    steps
        Of :func:`pgd`, each a pass forwards and backwards.

    Returns
    -------
    inputs : Tensor
        Pictures inside the ball around those given.
    targets : Tensor
        As they came.

    Raises
    ------
    TypeError, ValueError
        As :func:`pgd`.

    References
    ----------
    Madry, Makelov, Schmidt, Tsipras, Vladu, "Towards deep learning models resistant to adversarial
    attacks", ICLR 2018, section 2.

    Examples
    --------
    >>> from functools import partial
    >>> from cvlib.networks import LeNet
    >>> model = LeNet()
    >>> augment = partial(attacked, model=model, epsilon=0.1, steps=1)
    >>> inputs, labels = torch.rand(4, 1, 28, 28), torch.arange(4)
    >>> changed, _ = augment(inputs, labels, torch.Generator().manual_seed(0))
    >>> bool((changed - inputs).abs().max() <= 0.1 + 1e-6)
    True
    """
    return pgd(model, inputs, targets, epsilon, steps=steps, generator=generator), targets


def _check_outputs(outputs: Tensor, labels: Tensor) -> None:
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        raise ValueError(f"outputs has shape {tuple(outputs.shape)}; expected (N, K), K at least 2")
    if labels.shape != outputs.shape[:1]:
        raise ValueError(f"labels has shape {tuple(labels.shape)}; expected ({len(outputs)},)")


def _norm(norm: float) -> float:
    if norm not in (2, math.inf):
        raise ValueError(f"norm is {norm!r}; expected math.inf or 2")
    return norm


def _length(pictures: Tensor) -> Tensor:
    return torch.linalg.vector_norm(pictures, dim=(1, 2, 3), keepdim=True)


def _random_change(pictures: Tensor, epsilon: float, norm: float, generator: Generator) -> Tensor:
    """Draw a point of the ball, all of it equally likely."""
    _on_the_cpu(generator)
    if _norm(norm) == math.inf:
        change = 2 * torch.rand(pictures.shape, generator=generator) - 1
    else:
        direction = torch.randn(pictures.shape, generator=generator)
        radius = torch.rand(len(pictures), 1, 1, 1, generator=generator)
        change = direction / _length(direction) * radius ** (1 / pictures[0].numel())
    return epsilon * change.to(pictures)


def _on_the_cpu(generator: Generator) -> Generator:
    if generator.device.type != "cpu":
        raise ValueError(f"generator is on {generator.device}; expected one on the CPU")
    return generator
