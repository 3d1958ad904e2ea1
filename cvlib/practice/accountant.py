r"""The accountant: how much privacy many noisy steps cost together.

A step of DP-SGD takes each example with the chance q, adds up their clipped gradients, and adds
normal noise. Its price is kept as a Rényi divergence at several orders, since those of many steps
simply add up. At the end the sum is turned into one :math:`(\varepsilon, \delta)`. Names and
results are those of ``opacus.accountants.analysis.rdp``.

The price holds for neighbours of which one has one example more (add or remove one), for batches
drawn by Poisson sampling, every example by a coin of its own, with a chance that does not itself
depend on the examples, and for random numbers that nobody knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from cvlib.arguments import check_numbers, integer, number
from cvlib.practice.differential_privacy import _above, _share

__all__ = [
    "ORDERS",
    "PrivacySpent",
    "compute_rdp",
    "get_noise_multiplier",
    "get_privacy_spent",
    "privacy_spent",
]

#: The orders at which prices are kept unless others are given, those of Opacus.
ORDERS: tuple[float, ...] = (
    *(1 + tenths / 10 for tenths in range(1, 100)),
    *map(float, range(12, 64)),
)


class PrivacySpent(NamedTuple):
    """What was spent.

    Parameters
    ----------
    epsilon
        The privacy loss, at the delta that was asked about.
    order
        The order whose price was the lowest.
    """

    epsilon: float
    order: float


def compute_rdp(
    *, q: float, noise_multiplier: float, steps: int, orders: Iterable[float] = ORDERS
) -> Tensor:
    r"""Compute the Rényi differential privacy of steps with sampled examples and normal noise.

    Parameters
    ----------
    q
        The chance of each example to be in a batch, from 0 to 1.
    noise_multiplier
        The standard deviation of the noise, in units of the length to which a gradient is clipped,
        from 0.
    steps
        How many steps.
    orders
        Numbers above 1.

    Returns
    -------
    Tensor
        ``float64``, for each order the divergence. It is infinite where there is no noise.

    Raises
    ------
    TypeError
        If an argument is no number.
    ValueError
        If one is out of its range.

    References
    ----------
    Mironov, Talwar, Zhang, "Rényi differential privacy of the sampled Gaussian mechanism", 2019,
    section 3.3.

    Examples
    --------
    >>> compute_rdp(q=1.0, noise_multiplier=2.0, steps=1, orders=[2, 4])
    tensor([0.2500, 0.5000], dtype=torch.float64)
    """
    rate, sigma = number("q", q, most=1), number("noise_multiplier", noise_multiplier)
    many, listed = integer("steps", steps), _read_orders(orders)
    if rate == 0 or many == 0:
        return torch.zeros(len(listed), dtype=torch.float64)
    if sigma == 0:
        return torch.full((len(listed),), math.inf, dtype=torch.float64)
    return many * torch.tensor(
        [_one_step(rate, sigma, order) for order in listed], dtype=torch.float64
    )


def _one_step(rate: float, sigma: float, order: float) -> float:
    """Return the divergence of one step at one order."""
    if rate == 1:
        return order / (2 * sigma**2)
    excess = _by_sum if order == int(order) else _by_integral
    return _log_of_one_more(excess(rate, sigma, order)) / (order - 1)


def _by_sum(rate: float, sigma: float, order: float) -> float:
    """Return log(A - 1) for a whole order: the binomial theorem.

    A is a sum of products of a binomial probability and exp((i * i - i) / (2 * sigma**2)). The
    probabilities sum to 1, so without a 1 in each exponential what is left is A - 1, in terms that
    are all positive: nothing cancels, however small it is.
    """
    whole, terms = int(order), []
    for i in range(2, whole + 1):
        growth = (i * i - i) / (2 * sigma**2)
        log_growth = growth + math.log(-math.expm1(-growth))
        chance = i * math.log(rate) + (whole - i) * math.log1p(-rate)
        terms.append(math.log(math.comb(whole, i)) + chance + log_growth)
    return float(torch.tensor(terms, dtype=torch.float64).logsumexp(0))


def _by_integral(rate: float, sigma: float, order: float) -> float:
    r"""Return log(A - 1) for any order: the mean itself, as a sum over a fine grid.

    A is the mean of :math:`g^\alpha` over normal z, where g is the ratio of both densities. As g
    has the mean 1, the mean of :math:`g^\alpha - 1 - \alpha (g - 1)` is A - 1, and never negative.
    For so smooth a function the sum over a grid is as good as exact.
    """
    step = min(sigma, sigma**2) / 12
    ends = -14 * sigma, order + 14 * sigma
    z = torch.arange(*ends, step, dtype=torch.float64)
    shift = (2 * z - 1) / (2 * sigma**2)
    log_g = torch.logaddexp(torch.full_like(z, math.log1p(-rate)), math.log(rate) + shift)
    # exp(a) - 1 - order * (g - 1), with exp(a) taken out where it is large
    power = order * log_g
    rest = power.clamp(max=1)
    small = torch.expm1(rest) - order * torch.expm1(log_g.clamp(max=1 / order))
    large = power + torch.log1p(-torch.exp(-power) * (1 + order * torch.expm1(log_g)))
    log_excess = torch.where(power < 1, small.clamp(min=0).log(), large)
    density = -(z**2) / (2 * sigma**2) - math.log(sigma * math.sqrt(2 * math.pi))
    return float((density + log_excess).logsumexp(0)) + math.log(step)


def _log_of_one_more(log_excess: float) -> float:
    """Return log(1 + exp(x)) without overflow."""
    return log_excess if log_excess > 50 else math.log1p(math.exp(log_excess))


def get_privacy_spent(
    *, orders: Iterable[float] = ORDERS, rdp: Tensor, delta: float
) -> PrivacySpent:
    r"""Turn prices at several orders into one :math:`\varepsilon`: the best of them.

    Parameters
    ----------
    orders
        As for :func:`compute_rdp`.
    rdp
        The price at each order, the sum over all steps.
    delta
        The chance that is allowed to fail, between 0 and 1. Take it well below one over the number
        of examples.

    Returns
    -------
    PrivacySpent
        The loss, at least 0, and the order that gave it; infinity and nan without noise.

    Raises
    ------
    TypeError
        If ``rdp`` holds no floating-point numbers.
    ValueError
        If there is not a price for each order, one is negative or nan, or ``delta`` is out of its
        range.

    References
    ----------
    Balle, Barthe, Gaboardi, Hsu, Sato, "Hypothesis testing interpretations and Rényi differential
    privacy", AISTATS 2020, theorem 21.

    Examples
    --------
    >>> rdp = compute_rdp(q=0.064, noise_multiplier=1.0, steps=150)
    >>> spent = get_privacy_spent(rdp=rdp, delta=1e-5)
    >>> round(spent.epsilon, 3), spent.order
    (6.066, 3.8)
    """
    check_numbers(rdp, name="rdp")
    listed, allowed = _read_orders(orders), _share("delta", delta)
    if rdp.shape != (len(listed),):
        raise ValueError(
            f"rdp has shape {tuple(rdp.shape)}; expected ({len(listed)},), one for each order"
        )
    wrong = ~(rdp >= 0)  # nan is not
    if wrong.any():
        at = int(wrong.nonzero()[0])
        raise ValueError(f"rdp[{at}] is {rdp[at].item():g}; expected a price of at least 0")
    order = torch.tensor(listed, dtype=torch.float64)
    losses = (
        rdp.double() + torch.log1p(-1 / order) - (math.log(allowed) + order.log()) / (order - 1)
    )
    best = int(losses.argmin())
    if losses[best].isinf():
        return PrivacySpent(math.inf, math.nan)
    return PrivacySpent(max(0.0, float(losses[best])), listed[best])


def privacy_spent(*, q: float, noise_multiplier: float, steps: int, delta: float) -> float:
    r"""Return the :math:`\varepsilon` of steps of one kind.

    Parameters
    ----------
    q, noise_multiplier, steps
        As for :func:`compute_rdp`.
    delta
        As for :func:`get_privacy_spent`.

    Returns
    -------
    float
        The privacy loss, at the best of :data:`ORDERS`.

    Raises
    ------
    TypeError, ValueError
        As these.

    Examples
    --------
    >>> round(privacy_spent(q=0.064, noise_multiplier=1.0, steps=150, delta=1e-5), 3)
    6.066
    """
    rdp = compute_rdp(q=q, noise_multiplier=noise_multiplier, steps=steps)
    return get_privacy_spent(rdp=rdp, delta=delta).epsilon


def get_noise_multiplier(*, target_epsilon: float, q: float, steps: int, delta: float) -> float:
    r"""Find the noise with which steps stay within an :math:`\varepsilon`.

    Parameters
    ----------
    target_epsilon
        The privacy loss that may be spent, above 0.
    q, steps
        As for :func:`compute_rdp`.
    delta
        As for :func:`get_privacy_spent`.

    Returns
    -------
    float
        A noise multiplier whose loss is at most ``target_epsilon``, and hardly larger than needed.

    Raises
    ------
    TypeError
        If an argument is no number.
    ValueError
        If one is out of its range, or no noise up to 1e6 is enough: the conversion at the largest
        order has a floor.

    Examples
    --------
    >>> sigma = get_noise_multiplier(target_epsilon=3.0, q=0.064, steps=150, delta=1e-5)
    >>> round(sigma, 2)
    1.49
    """
    target = _above("target_epsilon", target_epsilon)

    def spent(noise_multiplier: float) -> float:
        return privacy_spent(q=q, noise_multiplier=noise_multiplier, steps=steps, delta=delta)

    low, high = 0.0, 1.0
    while spent(high) > target:
        low, high = high, 2 * high
        if high > 1e6:
            raise ValueError(
                f"target_epsilon is {target_epsilon!r}; expected one that some noise can reach at "
                f"delta {delta!r}"
            )
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if spent(middle) > target else (low, middle)
    return high


def _read_orders(orders: Iterable[float]) -> list[float]:
    listed = [float(order) for order in orders]
    for at, order in enumerate(listed):
        if not 1 < order < math.inf:
            raise ValueError(f"orders[{at}] is {order!r}; expected a number above 1")
    if not listed:
        raise ValueError("orders is empty; expected at least one")
    return listed
