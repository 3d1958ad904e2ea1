"""Distillation: a small network learns what a large one says of each class."""

from __future__ import annotations

from torch import Tensor

from cvlib.arguments import check_numbers, number

__all__ = ["distillation_loss", "soft_targets"]


def soft_targets(logits: Tensor, temperature: float = 4) -> Tensor:
    """Turn logits into probabilities that are less sure of themselves.

    Parameters
    ----------
    logits
        (N, K).
    temperature
        What the logits are divided by, above 0. At 1 it is the softmax; the higher, the more alike
        the classes.

    Returns
    -------
    Tensor
        (N, K), each row adds up to 1.

    Raises
    ------
    TypeError, ValueError
        If ``logits`` holds no floating-point numbers, or ``temperature`` is not above 0.

    Examples
    --------
    >>> import torch
    >>> soft_targets(torch.tensor([[0.0, 4.0]]), temperature=4)
    tensor([[0.2689, 0.7311]])
    """
    check_numbers(logits, name="logits")
    return (logits / _above_zero(temperature)).softmax(-1)


def distillation_loss(student: Tensor, teacher: Tensor, temperature: float = 4) -> Tensor:
    r"""Compute how far a student is from its teacher: their divergence at a temperature.

    With :math:`p` the teacher's and :math:`q` the student's soft targets it is
    :math:`T^2 \sum_k p_k (\log p_k - \log q_k)`, the mean over pictures. The square keeps the slope
    about as steep whatever the temperature.

    Parameters
    ----------
    student, teacher
        Logits (N, K), of one dtype. The teacher gets no gradient.
    temperature
        As for :func:`soft_targets`.

    Returns
    -------
    Tensor
        One number, at least 0; that of ``F.kl_div(..., reduction="batchmean")`` times the square of
        the temperature.

    Raises
    ------
    TypeError, ValueError
        As :func:`soft_targets`, or if dtypes or shapes differ, or there is no picture.

    References
    ----------
    Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015, section 2.

    Examples
    --------
    >>> import torch
    >>> said = torch.tensor([[0.0, 4.0]])
    >>> distillation_loss(said, said).item(), distillation_loss(-said, said).item() > 1
    (0.0, True)
    """
    check_numbers(student, name="student", teacher=teacher)
    if student.shape != teacher.shape or student.ndim != 2 or not len(student):
        shapes = f"{tuple(student.shape)} and {tuple(teacher.shape)}"
        raise ValueError(f"student and teacher have shapes {shapes}; expected (N, K) both")
    temperature = _above_zero(temperature)
    log_p = (teacher.detach() / temperature).log_softmax(1)
    log_q = (student / temperature).log_softmax(1)
    return temperature**2 * (log_p.exp() * (log_p - log_q)).sum(1).mean()


def _above_zero(temperature: float) -> float:
    if number("temperature", temperature) == 0:
        raise ValueError("temperature is 0; expected a number above 0")
    return float(temperature)
