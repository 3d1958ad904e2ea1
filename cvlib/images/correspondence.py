"""Which pairs of points agree on one homography, and which are mistakes: RANSAC."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import integer, number
from cvlib.images.homography import find_homography, perspective_transform, read_points

__all__ = ["Agreement", "ransac", "transfer_errors", "trials"]


class Agreement(NamedTuple):
    """What :func:`ransac` found."""

    #: (3, 3), the homography by all pairs that agree
    matrix: NDArray[np.float64]
    #: (N,), which pairs agree
    inliers: NDArray[np.bool_]
    #: How many samples were drawn
    trials: int


def trials(inlier_share: float, sample: int = 4, confidence: float = 0.995) -> int:
    """Compute how many samples to draw until one of them very likely holds no mistake.

    Parameters
    ----------
    inlier_share
        The share of right pairs, above 0 and at most 1.
    sample
        Pairs in a sample.
    confidence
        How likely at least one of the samples is all right, above 0 and below 1.

    Returns
    -------
    int
        log(1 − confidence) / log(1 − inlier_share ** sample), rounded up.

    Raises
    ------
    TypeError, ValueError
        If an argument is no number, or outside of its range.

    References
    ----------
    Fischler and Bolles, "Random Sample Consensus", Communications of the ACM 24(6), 1981, section
    II.B.

    Examples
    --------
    >>> [trials(share, confidence=0.99) for share in (0.9, 0.5, 0.2)]
    [5, 72, 2876]
    """
    share = number("inlier_share", inlier_share, most=1)
    likely = number("confidence", confidence, most=1)
    clean = share ** integer("sample", sample, least=1)
    if clean == 0 or likely in (0, 1):
        raise ValueError(
            f"inlier_share is {inlier_share!r} and confidence {confidence!r}; expected a share "
            "above 0, and a confidence between 0 and 1"
        )
    if clean == 1:
        return 1
    return max(1, math.ceil(math.log1p(-likely) / math.log1p(-clean)))


def transfer_errors(
    source: NDArray[Any], target: NDArray[Any], matrix: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Measure how far from their partners a homography takes points.

    Parameters
    ----------
    source, target
        (N, 2) each, in pixels.
    matrix
        (3, 3), from ``source`` to ``target``.

    Returns
    -------
    ndarray
        ``float64``, (N,): pixels of the second picture; infinite for a point that goes to
        infinity.

    Examples
    --------
    >>> transfer_errors(np.array([[0, 0]]), np.array([[3, 4]]), np.eye(3))
    array([5.])
    """
    missing = perspective_transform(source, matrix) - np.asarray(target, dtype=np.float64)
    distances = np.hypot(missing[:, 0], missing[:, 1])
    return np.where(np.isnan(distances), np.inf, distances)


def ransac(
    source: NDArray[Any],
    target: NDArray[Any],
    threshold: float = 3.0,
    confidence: float = 0.995,
    most_trials: int = 2000,
    seed: int = 0,
) -> Agreement:
    """Find the homography on which most pairs agree, however wrong the others are.

    Draw four pairs, compute their homography, and count the pairs that it takes to within
    ``threshold`` of their partners. Keep the sample that most agree with, and compute the
    homography of all that do. The more pairs agree, the fewer samples :func:`trials` asks for.

    Parameters
    ----------
    source, target
        (N, 2) each, N at least 4: pairs of points in pixels, right or wrong.
    threshold
        How far from its partner a right point may land, in pixels of ``target``.
    confidence
        How likely one of the samples is all right.
    most_trials
        Samples drawn at most.
    seed
        Of the draws.

    Returns
    -------
    Agreement
        The homography, who agrees, and the number of samples. Four pairs always agree with
        themselves: only many more than four are a finding.

    Raises
    ------
    TypeError, ValueError
        If the points are no numbers, not finite, fewer than four or not in pairs, another argument
        is outside of its range, or no sample determines a homography.

    References
    ----------
    Fischler and Bolles, "Random Sample Consensus: A Paradigm for Model Fitting with Applications to
    Image Analysis and Automated Cartography", Communications of the ACM 24(6), 1981.

    Examples
    --------
    >>> source = np.array([[0, 0], [9, 0], [9, 9], [0, 9], [5, 4], [3, 7], [4, 4]])
    >>> target = source + [2, 1]
    >>> target[6] = 90, 50
    >>> ransac(source, target).inliers
    array([ True,  True,  True,  True,  True,  True, False])
    """
    source, target = read_points(source, target)
    number("threshold", threshold)
    needed = integer("most_trials", most_trials, least=1)
    trials(1, confidence=confidence)  # refuses a confidence that cannot be
    generator = np.random.default_rng(seed)
    best = np.zeros(len(source), dtype=np.bool_)
    drawn = 0
    while drawn < needed:
        drawn += 1
        sample = generator.choice(len(source), 4, replace=False)
        try:
            matrix = find_homography(source[sample], target[sample])
        except ValueError:  # three of the four on a line
            continue
        agree = transfer_errors(source, target, matrix) <= threshold
        if agree.sum() > best.sum():
            best = agree
            needed = min(needed, trials(float(best.mean()), confidence=confidence))
    if best.sum() < 4:
        raise ValueError(
            f"source and target: no four pairs of {len(source)} agree on a homography; expected "
            "points of which not all lie on a line"
        )
    matrix = find_homography(source[best], target[best])
    agree = transfer_errors(source, target, matrix) <= threshold
    return Agreement(matrix, agree, drawn)
