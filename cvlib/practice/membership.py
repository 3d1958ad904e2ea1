"""Membership inference: tell from a network's answers whether it has learnt from a picture.

An attack gives each picture a score, the higher, the more it looks like one that was learnt from.
How good the scores are says the curve of hits over false alarms, as for any detector. Scores may be
compared without a trained network at hand, so everything here but :func:`margins` takes numbers.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cvlib.arguments import check_numbers, number

__all__ = [
    "AttackCurve",
    "advantage",
    "attack_curve",
    "chance_spread",
    "likelihood_ratio",
    "margins",
]


class AttackCurve(NamedTuple):
    """How an attack fares at every threshold.

    Parameters
    ----------
    false_positive_rate
        (K,): the share of the strangers that it takes for members, from 0 up to 1.
    true_positive_rate
        (K,): the share of the members that it finds.
    area
        What lies below the curve: the chance that a member has a higher score than a stranger, ties
        counted half. 0.5 is guessing.
    """

    false_positive_rate: Tensor
    true_positive_rate: Tensor
    area: float

    def found_at(self, false_positive_rate: float) -> float:
        """Return the share of members found while no more strangers are accused than this.

        Parameters
        ----------
        false_positive_rate
            The largest share of false alarms allowed, from 0 to 1.

        Returns
        -------
        float
            The highest true positive rate among the thresholds that keep to it.
        """
        most = number("false_positive_rate", false_positive_rate, most=1)
        return float(self.true_positive_rate[self.false_positive_rate <= most].max())


@torch.no_grad()
def margins(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Say how far a network prefers the right class to all others together.

    The margin is the logarithm of p / (1 - p), where p is the probability that the network gives to
    the label. The cross entropy is log(1 + exp(-margin)), so both put pictures in the same order;
    but a loss of a picture known by heart is rounded to 0, and its margin is not.

    Parameters
    ----------
    model
        From pictures to logits (N, K). It is asked in evaluation mode, and left as it came.
    images
        (N, C, H, W), as the model takes them.
    labels
        (N,), the right classes.

    Returns
    -------
    Tensor
        (N,), ``float64``.

    Raises
    ------
    ValueError
        If there are not as many labels as pictures.

    References
    ----------
    Carlini et al., "Membership inference attacks from first principles", IEEE Symposium on Security
    and Privacy 2022, which scales confidences so.

    Examples
    --------
    >>> logits = torch.tensor([[0.0, 0.0], [3.0, 1.0]])
    >>> margins(nn.Identity(), logits, torch.tensor([0, 0]))
    tensor([0., 2.], dtype=torch.float64)
    """
    if len(images) != len(labels):
        raise ValueError(
            f"labels holds {len(labels)}; expected {len(images)}, one for each picture"
        )
    mode = model.training
    model.eval()
    logits = model(images).double()
    model.train(mode)
    right = logits.gather(1, labels[:, None])[:, 0]
    others = logits.scatter(1, labels[:, None], -math.inf).logsumexp(1)
    return right - others


def attack_curve(members: Tensor, strangers: Tensor) -> AttackCurve:
    """Draw the curve of an attack: members found over strangers accused, at every threshold.

    Parameters
    ----------
    members, strangers
        (M,) and (N,): scores of pictures that the network has learnt from, and of others. The
        higher a score, the more the attack believes in a member.

    Returns
    -------
    AttackCurve
        From (0, 0), where nobody is accused, to (1, 1).

    Raises
    ------
    TypeError
        If scores are no floating-point numbers.
    ValueError
        If one of the two is empty, not one-dimensional, or holds nan.

    References
    ----------
    Yeom, Giacomelli, Fredrikson, Jha, "Privacy risk in machine learning: analyzing the connection
    to overfitting", IEEE Computer Security Foundations Symposium 2018.

    Examples
    --------
    >>> curve = attack_curve(torch.tensor([3.0, 2.0]), torch.tensor([2.5, 0.0]))
    >>> curve.true_positive_rate.tolist(), curve.area
    ([0.0, 0.5, 0.5, 1.0, 1.0], 0.75)
    """
    _check_scores(members, strangers)
    thresholds = torch.cat([members, strangers]).unique().flip(0)
    zero = torch.zeros(1, dtype=torch.float64)
    false, true = (
        torch.cat([zero, _share_from(scores, thresholds)]) for scores in (strangers, members)
    )
    return AttackCurve(false, true, float(torch.trapezoid(true, false)))


def advantage(members: Tensor, strangers: Tensor, threshold: float) -> float:
    """Say what an attack with a given threshold gains over guessing.

    Parameters
    ----------
    members, strangers
        As for :func:`attack_curve`.
    threshold
        Whose score is above is called a member. Do not take the best for these very scores: it has
        an advantage of at least 0 even for an attack that knows nothing.

    Returns
    -------
    float
        The share of members found less the share of strangers accused, from -1 to 1; 0 is guessing.

    Raises
    ------
    TypeError, ValueError
        As :func:`attack_curve`.

    References
    ----------
    Yeom et al., "Privacy risk in machine learning: analyzing the connection to overfitting", IEEE
    Computer Security Foundations Symposium 2018, which defines the membership advantage.

    Examples
    --------
    >>> advantage(torch.tensor([3.0, 2.0]), torch.tensor([2.5, 0.0, 0.0, 0.0]), threshold=1.0)
    0.75
    """
    _check_scores(members, strangers)
    return float((members > threshold).double().mean() - (strangers > threshold).double().mean())


def chance_spread(members: int, strangers: int) -> float:
    """Say how far the area of an attack that knows nothing strays from 0.5.

    Parameters
    ----------
    members, strangers
        How many there are of each, at least 1.

    Returns
    -------
    float
        The standard deviation of the area, where every order of the scores is equally likely and no
        two are alike.

    Raises
    ------
    ValueError
        If there are none of one kind.

    References
    ----------
    Mann, Whitney, "On a test of whether one of two random variables is stochastically larger than
    the other", Annals of Mathematical Statistics 18(1), 1947.

    Examples
    --------
    >>> round(chance_spread(300, 300), 4)
    0.0236
    """
    if members < 1 or strangers < 1:
        raise ValueError(
            f"members and strangers are {members} and {strangers}; expected at least one of each"
        )
    return math.sqrt((members + strangers + 1) / (12 * members * strangers))


def likelihood_ratio(target: Tensor, shadows: Tensor, inside: Tensor) -> Tensor:
    """Score pictures by the likelihood ratio attack (LiRA).

    Shadow networks are trained as the attacked one was, each on some of the pictures. They show
    what margin a picture gets from networks that know it, and from those that do not. The score
    says which of the two the attacked network's margin resembles more. So a picture that is easy
    for all is not suspect, and a hard one with a fair margin is.

    Parameters
    ----------
    target
        (N,): margins of the pictures under the attacked network (:func:`margins`).
    shadows
        (S, N): the same under each of the shadow networks.
    inside
        (S, N), ``bool``: whether that shadow network has learnt from the picture.

    Returns
    -------
    Tensor
        (N,): the logarithm of the ratio of two normal densities, inside over outside. The means
        are those of the picture. The variance is one for all pictures, which the paper advises
        where there are few shadow networks.

    Raises
    ------
    TypeError
        If margins are no floating-point numbers, or ``inside`` is no ``bool``.
    ValueError
        If shapes do not fit, or a picture lies inside of all shadow networks, or of none.

    References
    ----------
    Carlini et al., "Membership inference attacks from first principles", IEEE Symposium on Security
    and Privacy 2022.

    Examples
    --------
    >>> shadows = torch.tensor([[4.0, 9.0], [6.0, 9.5], [1.0, 9.0], [-1.0, 8.5]])
    >>> inside = torch.tensor([[True, True], [True, True], [False, False], [False, False]])
    >>> likelihood_ratio(torch.tensor([5.0, 9.0]), shadows, inside).round(decimals=2)
    tensor([11.7600,  0.0000])
    """
    check_numbers(target, name="target", shadows=shadows)
    if inside.dtype != torch.bool:
        raise TypeError(f"inside is {inside.dtype}; expected torch.bool")
    if target.ndim != 1 or shadows.ndim != 2 or shadows.shape[1:] != target.shape:
        raise ValueError(
            f"shadows has shape {tuple(shadows.shape)}; expected (S, {len(target)}), a row for "
            f"each shadow network, as target has shape {tuple(target.shape)}"
        )
    if inside.shape != shadows.shape:
        raise ValueError(f"inside has shape {tuple(inside.shape)}; expected {tuple(shadows.shape)}")
    count = inside.sum(0)
    if ((count == 0) | (count == len(inside))).any():
        at = int(((count == 0) | (count == len(inside))).nonzero()[0])
        raise ValueError(
            f"inside[:, {at}] has {int(count[at])} of {len(inside)}; expected shadow networks that "
            "have learnt from each picture, and others that have not"
        )
    score = torch.zeros_like(target)
    for side, sign in ((inside, 1), (~inside, -1)):
        mean = (shadows * side).sum(0) / side.sum(0)
        squares = ((shadows - mean).square() * side).sum()
        variance = squares / (side.sum() - side.shape[1]).clamp(min=1)
        distance = (target - mean).square() / (2 * variance)
        score += sign * (-distance - variance.log() / 2)
    return score


def _share_from(scores: Tensor, thresholds: Tensor) -> Tensor:
    """Return which share of the scores is at least as high as each threshold."""
    below = torch.searchsorted(scores.sort().values, thresholds)
    return 1 - below.double() / len(scores)


def _check_scores(members: Tensor, strangers: Tensor) -> None:
    check_numbers(members, name="members", strangers=strangers)
    for name, scores in (("members", members), ("strangers", strangers)):
        if scores.ndim != 1 or not len(scores):
            raise ValueError(
                f"{name} has shape {tuple(scores.shape)}; expected scores, at least one"
            )
        if scores.isnan().any():
            raise ValueError(f"{name}[{int(scores.isnan().nonzero()[0])}] is nan; expected numbers")
