r"""Differential privacy of one answer: noise that hides whether one example was there.

A mechanism :math:`M` answers a question about a set of examples, by chance. It is
:math:`(\varepsilon, \delta)`-differentially private if for all neighbours :math:`D` and :math:`D'`,
sets of which one has one example more, and for all sets :math:`S` of answers,
:math:`P(M(D) \in S) \le e^\varepsilon P(M(D') \in S) + \delta`.

The generators used here can be foretold by whoever knows the seed, and floating-point numbers leak
some of what the noise hides (Mironov, 2012). This is code to learn from, not to publish with.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from cvlib.arguments import check_numbers, number

__all__ = [
    "gaussian_delta",
    "gaussian_epsilon",
    "gaussian_mechanism",
    "laplace_delta",
    "laplace_mechanism",
]


def laplace_mechanism(
    value: Tensor, sensitivity: float, epsilon: float, generator: Generator | None = None
) -> Tensor:
    r"""Answer with noise of a Laplace distribution, which is :math:`\varepsilon`-private.

    Parameters
    ----------
    value
        The true answer, floating-point numbers of any shape.
    sensitivity
        By how much one example can change it: the largest sum of absolute changes (L1), above 0.
    epsilon
        The privacy loss allowed, above 0. The noise has the scale ``sensitivity / epsilon``.
    generator
        Where chance comes from; torch's own by default.

    Returns
    -------
    Tensor
        The answer to publish, of the same shape.

    Raises
    ------
    TypeError
        If ``value`` holds no floating-point numbers.
    ValueError
        If ``sensitivity`` or ``epsilon`` is not above 0.

    References
    ----------
    Dwork, Roth, "The algorithmic foundations of differential privacy", 2014, definition 3.3 and
    theorem 3.6.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> laplace_mechanism(torch.tensor([40.0, 40.0]), 1, 0.5, generator).round(decimals=1)
    tensor([45.6000, 41.1000])
    """
    check_numbers(value, name="value")
    scale = _above("sensitivity", sensitivity) / _above("epsilon", epsilon)
    uniform = torch.rand(value.shape, generator=generator, dtype=torch.float64) - 0.5
    noise = -scale * uniform.sign() * torch.log1p(-2 * uniform.abs())
    return value + noise.to(value)


def gaussian_mechanism(
    value: Tensor, sensitivity: float, noise_multiplier: float, generator: Generator | None = None
) -> Tensor:
    r"""Answer with normal noise, which is :math:`(\varepsilon, \delta)`-private.

    Parameters
    ----------
    value
        The true answer, floating-point numbers of any shape.
    sensitivity
        By how much one example can change it: the largest Euclidean length (L2), above 0.
    noise_multiplier
        The standard deviation of the noise, in units of ``sensitivity``, from 0, which protects
        nothing. :func:`gaussian_delta` says how private other noise is.
    generator
        Where chance comes from; torch's own by default.

    Returns
    -------
    Tensor
        The answer to publish, of the same shape.

    Raises
    ------
    TypeError
        If ``value`` holds no floating-point numbers.
    ValueError
        If ``sensitivity`` is not above 0, or ``noise_multiplier`` is negative.

    References
    ----------
    Dwork, Roth, "The algorithmic foundations of differential privacy", 2014, appendix A.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> gaussian_mechanism(torch.tensor([40.0, 40.0]), 1, 2.0, generator).round(decimals=1)
    tensor([43.1000, 39.4000])
    """
    check_numbers(value, name="value")
    deviation = _above("sensitivity", sensitivity) * number("noise_multiplier", noise_multiplier)
    noise = torch.randn(value.shape, generator=generator, dtype=value.dtype)
    return value + deviation * noise.to(value)


def laplace_delta(epsilon: float, scale: float) -> float:
    r"""Say which :math:`\delta` the Laplace mechanism has at each :math:`\varepsilon`, exactly.

    Parameters
    ----------
    epsilon
        From 0.
    scale
        That of the noise, in units of the sensitivity, above 0.

    Returns
    -------
    float
        The smallest that holds: :math:`\max(0, 1 - e^{(\varepsilon - 1 / b) / 2})` for the scale
        b. It is 0 from ``1 / scale`` on.

    Raises
    ------
    ValueError
        If ``epsilon`` is negative or ``scale`` not above 0.

    References
    ----------
    Balle, Barthe, Gaboardi, "Privacy amplification by subsampling: tight analyses via couplings and
    divergences", NeurIPS 2018.

    Examples
    --------
    >>> round(laplace_delta(0.5, 1.0), 4), laplace_delta(1.0, 1.0)
    (0.2212, 0.0)
    """
    loss = 1 / _above("scale", scale)
    return max(0.0, -math.expm1((number("epsilon", epsilon) - loss) / 2))


def gaussian_delta(epsilon: float, noise_multiplier: float) -> float:
    r"""Say which :math:`\delta` the Gaussian mechanism has at each :math:`\varepsilon`, exactly.

    Parameters
    ----------
    epsilon
        From 0.
    noise_multiplier
        The standard deviation of the noise, in units of the sensitivity, above 0.

    Returns
    -------
    float
        The smallest that holds. It is above 0 everywhere.

    Raises
    ------
    ValueError
        If ``epsilon`` is negative or ``noise_multiplier`` not above 0.

    References
    ----------
    Balle, Wang, "Improving the Gaussian mechanism for differential privacy: analytical calibration
    and optimal denoising", ICML 2018, theorem 8.

    Examples
    --------
    >>> round(gaussian_delta(1.0, 1.0), 4)
    0.1269
    """
    loss, sigma = number("epsilon", epsilon), _above("noise_multiplier", noise_multiplier)
    near = 1 / (2 * sigma) - loss * sigma
    far = torch.tensor(near - 1 / sigma, dtype=torch.float64)
    # The second probability may be smaller than any number and its factor larger: by logarithms.
    second = math.exp(loss + float(torch.special.log_ndtr(far)))
    return max(0.0, float(torch.special.ndtr(torch.tensor(near, dtype=torch.float64))) - second)


def gaussian_epsilon(delta: float, noise_multiplier: float) -> float:
    r"""Say which :math:`\varepsilon` the Gaussian mechanism has at a :math:`\delta`, exactly.

    Parameters
    ----------
    delta
        Between 0 and 1, neither included.
    noise_multiplier
        The standard deviation of the noise, in units of the sensitivity, above 0.

    Returns
    -------
    float
        The smallest that holds, found by halving an interval.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> round(gaussian_epsilon(1e-5, 1.0), 3)
    4.377
    """
    allowed = _share("delta", delta)
    low, high = 0.0, 1.0
    if gaussian_delta(low, noise_multiplier) <= allowed:
        return low
    while gaussian_delta(high, noise_multiplier) > allowed:
        high *= 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if gaussian_delta(middle, noise_multiplier) > allowed:
            low = middle
        else:
            high = middle
    return high


def _above(name: str, value: float) -> float:
    if number(name, value) == 0:
        raise ValueError(f"{name} is {value!r}; expected a number above 0")
    return float(value)


def _share(name: str, value: float) -> float:
    if not 0 < number(name, value, most=1) < 1:
        raise ValueError(f"{name} is {value!r}; expected a number between 0 and 1")
    return float(value)
