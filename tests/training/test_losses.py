"""Losses against torch's, forward and backward, on ordinary numbers and on extreme ones."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchmetrics.functional.segmentation import dice_score
from torchvision.ops import sigmoid_focal_loss as torchvisions_focal_loss

from cvlib.training.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    dice_loss,
    huber_loss,
    info_nce,
    kl_div,
    l1_loss,
    log_softmax,
    logsumexp,
    mse_loss,
    multi_margin_loss,
    sigmoid_focal_loss,
    smooth_l1_loss,
)
from tests.layers.drawn import DEVICE, normal

random_cases = settings(deadline=None, max_examples=60, derandomize=True)
reductions = st.sampled_from(["none", "mean", "sum"])
shapes = st.lists(st.integers(1, 4), max_size=3).map(tuple)
dtypes = st.sampled_from([torch.float64, torch.float32])


def assert_same(ours: Any, torchs: Any, *arguments: Tensor, tolerance: float | None = None) -> None:
    """Both give the same values and, sent the same gradient back, the same gradients."""
    if tolerance is None:
        tolerance = 1e-5 if arguments[0].dtype == torch.float32 else 1e-10
    results = []
    for function in (ours, torchs):
        leaves = [t.detach().clone().requires_grad_() for t in arguments]
        y = function(*leaves)
        cotangent = normal(*y.shape, 7).select(-1, 0).to(y.dtype)
        results.append((y, *torch.autograd.grad(y, leaves, cotangent)))
    for mine, reference in zip(*results, strict=True):
        assert mine.dtype == reference.dtype
        torch.testing.assert_close(mine, reference, rtol=tolerance, atol=tolerance, equal_nan=True)


def labels(classes: int, *shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(classes, shape, generator=generator).to(DEVICE)


def probabilities(*shape: int, axis: int) -> Tensor:
    return (2 * normal(*shape, 3).select(-1, 0)).softmax(axis)


# ---------------------------------------------------------------------------- classes


@random_cases
@given(
    st.integers(1, 5),
    st.none() | st.integers(1, 4),
    st.lists(st.integers(1, 3), max_size=2),
    st.booleans(),
    st.booleans(),
    st.sampled_from([-100, 0, -1]),
    reductions,
    st.sampled_from([0.0, 0.1, 1.0]),
    dtypes,
)
def test_cross_entropy_is_torchs(
    classes: int,
    number: int | None,
    sizes: list[int],
    soft: bool,
    weighted: bool,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
    dtype: torch.dtype,
) -> None:
    shape = (classes,) if number is None else (number, classes, *sizes)
    axis = min(len(shape) - 1, 1)
    target = labels(classes, *shape[:axis], *shape[axis + 1 :])
    options: dict[str, Any] = {"reduction": reduction, "label_smoothing": label_smoothing}
    arguments = [(3 * normal(*shape)).to(dtype)]
    if soft:
        arguments.append(probabilities(*shape, axis=axis).to(dtype))
    else:
        options["ignore_index"] = ignore_index
        target = torch.where(labels(4, *target.shape, seed=1) == 0, ignore_index, target)
    weight = (normal(classes, 2).select(-1, 0).abs() + 0.1).to(dtype) if weighted else None

    def apply(function: Any) -> Any:
        return lambda x, *rest: function(x, rest[0] if rest else target, weight, **options)

    assert_same(apply(cross_entropy), apply(F.cross_entropy), *arguments)


@random_cases
@given(shapes.filter(bool), st.integers(-1, 0), st.booleans(), dtypes)
def test_logsumexp_and_log_softmax_are_torchs(
    shape: tuple[int, ...], dim: int, keepdim: bool, dtype: torch.dtype
) -> None:
    x = (5 * normal(*shape)).to(dtype)
    assert_same(lambda x: logsumexp(x, dim, keepdim), lambda x: torch.logsumexp(x, dim, keepdim), x)
    assert_same(lambda x: log_softmax(x, dim), lambda x: F.log_softmax(x, dim), x)


EXTREME = [
    [1e4, -1e4, 0.0],
    [-1e4, -1e4, -1e4],
    [1e4, 1e4, 1e4 + 1],
    [3e38, -3e38, 0.0],
    [-math.inf, 0.0, 1.0],
    [-math.inf, -math.inf, 5.0],
    [math.inf, 0.0, 1.0],
    [-math.inf, -math.inf, -math.inf],
    [math.nan, 0.0, 1.0],
]


@pytest.mark.parametrize("row", EXTREME, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_logits_as_torch(row: list[float], dtype: torch.dtype) -> None:
    x = torch.tensor([row, [0.0, 1.0, 2.0]], dtype=dtype, device=DEVICE)
    torch.testing.assert_close(logsumexp(x, 1), torch.logsumexp(x, 1), equal_nan=True)
    for label in range(3):
        target = torch.tensor([label, 0], device=DEVICE)
        assert_same(
            lambda x, target=target: cross_entropy(x, target, reduction="none"),
            lambda x, target=target: F.cross_entropy(x, target, reduction="none"),
            x,
        )


def test_a_certainty_costs_what_it_must() -> None:
    """At 1e4, float32 has steps of 0.001; the loss must not be rounded to them."""
    x = torch.tensor([[1e4, 1e4 - 0.5, 0.0]], device=DEVICE)
    expected = cross_entropy(torch.tensor([[0.5, 0.0, -1e4]], device=DEVICE), labels(1, 1))
    torch.testing.assert_close(cross_entropy(x, labels(1, 1)), expected, rtol=1e-6, atol=0)
    wrong = torch.tensor([[1e4, -1e4]], device=DEVICE).requires_grad_()
    loss = cross_entropy(wrong, torch.tensor([1], device=DEVICE))
    (gradient,) = torch.autograd.grad(loss, wrong)
    assert loss.item() == 2e4
    assert gradient.tolist() == [[1.0, -1.0]]


def test_mean_of_nothing_is_not_a_number() -> None:
    x, nothing = normal(2, 3), torch.full((2,), -100, device=DEVICE)
    for function in (cross_entropy, F.cross_entropy):
        assert function(x, nothing).isnan()  # type: ignore[operator]
        assert function(x, nothing, reduction="sum").item() == 0  # type: ignore[operator]
        assert function(x[:0], nothing[:0]).isnan()  # type: ignore[operator]


def test_what_is_ignored_gets_no_gradient() -> None:
    x = normal(3, 4).requires_grad_()
    target = torch.tensor([1, -100, 2], device=DEVICE)
    (gradient,) = torch.autograd.grad(cross_entropy(x, target, label_smoothing=0.2), x)
    assert gradient.abs().sum(1).ne(0).tolist() == [True, False, True]


def test_a_second_softmax_leaves_a_floor() -> None:
    certain = torch.eye(10, device=DEVICE) * 1e4
    target = torch.arange(10, device=DEVICE)
    twice = cross_entropy(certain.softmax(1), target)
    assert twice.item() == pytest.approx(math.log(1 + 9 / math.e), abs=1e-6)
    assert cross_entropy(certain, target).item() == 0


# ---------------------------------------------------------------------------- yes or no


@random_cases
@given(shapes, st.booleans(), st.booleans(), reductions, dtypes)
def test_binary_cross_entropies_are_torchs(
    shape: tuple[int, ...], weighted: bool, positive: bool, reduction: str, dtype: torch.dtype
) -> None:
    x = (4 * normal(*shape, 1).select(-1, 0)).to(dtype)
    target = (normal(*shape, 2).select(-1, 0).sigmoid()).to(dtype)
    options: dict[str, Any] = {"reduction": reduction}
    if weighted:
        options["weight"] = normal(*shape[-1:], 4).select(-1, 0).abs().to(dtype)
    p = 0.001 + 0.998 * x.sigmoid()
    assert_same(
        lambda p, t: binary_cross_entropy(p, t, **options),
        lambda p, t: F.binary_cross_entropy(p, t, **options),
        p,
        target,
        tolerance=1e-4 if dtype == torch.float32 else 1e-10,
    )
    if positive:
        options["pos_weight"] = normal(*shape[-1:], 5).select(-1, 0).abs().to(dtype)
    assert_same(
        lambda x, t: binary_cross_entropy_with_logits(x, t, **options),
        lambda x, t: F.binary_cross_entropy_with_logits(x, t, **options),
        x,
        target,
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_yes_and_no_as_torch(dtype: torch.dtype) -> None:
    x = torch.tensor([0.0, -0.0, 1e4, -1e4, 3e38, -3e38, 1e-30], dtype=dtype, device=DEVICE)
    for truth in (0.0, 0.5, 1.0):
        target = torch.full_like(x, truth)
        assert_same(
            lambda x, t=target: binary_cross_entropy_with_logits(x, t, reduction="none"),
            lambda x, t=target: F.binary_cross_entropy_with_logits(x, t, reduction="none"),
            x,
        )
        p = torch.tensor([0.0, 1.0, 1e-40, 0.5], dtype=dtype, device=DEVICE)
        target = torch.full_like(p, truth)
        torch.testing.assert_close(
            binary_cross_entropy(p, target, reduction="none"),
            F.binary_cross_entropy(p, target, reduction="none"),
        )


def test_a_wrong_certainty_behind_a_sigmoid_learns_nothing() -> None:
    for function in (binary_cross_entropy, F.binary_cross_entropy):
        x = torch.tensor([-200.0], device=DEVICE).requires_grad_()
        yes = torch.ones(1, device=DEVICE)
        loss = function(x.sigmoid(), yes)
        assert loss.item() == pytest.approx(100 if x.sigmoid() == 0 else 200)
        assert torch.autograd.grad(loss, x)[0].abs().item() < 1e-6
        loss = binary_cross_entropy_with_logits(x, yes)
        assert loss.item() == 200
        assert torch.autograd.grad(loss, x)[0].item() == -1


def test_two_classes_are_a_yes_or_no() -> None:
    x, target = normal(7), labels(2, 7)
    pairs = torch.stack([torch.zeros_like(x), x], 1)
    torch.testing.assert_close(
        cross_entropy(pairs, target), binary_cross_entropy_with_logits(x, target.double())
    )


# ---------------------------------------------------------------------------- numbers


@random_cases
@given(shapes, st.floats(0.01, 10), reductions, dtypes)
def test_losses_of_numbers_are_torchs(
    shape: tuple[int, ...], bend: float, reduction: str, dtype: torch.dtype
) -> None:
    x, y = (3 * normal(*shape, 2)).to(dtype).unbind(-1)
    for ours, torchs, options in (
        (l1_loss, F.l1_loss, {}),
        (mse_loss, F.mse_loss, {}),
        (huber_loss, F.huber_loss, {"delta": bend}),
        (smooth_l1_loss, F.smooth_l1_loss, {"beta": bend}),
        (smooth_l1_loss, F.smooth_l1_loss, {"beta": 0.0}),
    ):
        known = {**options, "reduction": reduction}
        assert_same(
            lambda x, y, f=ours, o=known: f(x, y, **o),
            lambda x, y, f=torchs, o=known: f(x, y, **o),
            x,
            y,
        )
    torch.testing.assert_close(
        smooth_l1_loss(x, y, beta=bend), F.huber_loss(x, y, delta=bend) / bend
    )


def test_differences_of_nothing_at_the_bend_and_without_end_as_torch() -> None:
    x = torch.tensor([0.0, 1.0, -1.0, 1e30, math.inf], device=DEVICE)
    y = torch.zeros(5, device=DEVICE)
    for ours, torchs in (
        (l1_loss, F.l1_loss),
        (huber_loss, F.huber_loss),
        (smooth_l1_loss, F.smooth_l1_loss),
    ):
        assert_same(
            lambda x, f=ours: f(x, y, reduction="none"),
            lambda x, f=torchs: f(x, y, reduction="none"),
            x,
        )


# ---------------------------------------------------------------------------- likelihood


def test_each_loss_is_a_negative_log_likelihood() -> None:
    x, y, logits = normal(6), normal(2, 6)[1], normal(6, 4)
    gaussian = torch.distributions.Normal(x, 1.0).log_prob(y)
    torch.testing.assert_close(-gaussian.mean(), mse_loss(x, y) / 2 + math.log(2 * math.pi) / 2)
    laplace = torch.distributions.Laplace(x, 1.0).log_prob(y)
    torch.testing.assert_close(-laplace.mean(), l1_loss(x, y) + math.log(2))
    target = labels(4, 6)
    categorical = torch.distributions.Categorical(logits=logits).log_prob(target)
    torch.testing.assert_close(-categorical.mean(), cross_entropy(logits, target))
    truth = labels(2, 6).double()
    bernoulli = torch.distributions.Bernoulli(logits=x).log_prob(truth)
    torch.testing.assert_close(-bernoulli.mean(), binary_cross_entropy_with_logits(x, truth))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: cross_entropy(x, labels(4, 3), label_smoothing=0.1),
        lambda x: cross_entropy(x, labels(4, 3), x.new_tensor([1, 2, 3, 4]), reduction="sum"),
        lambda x: cross_entropy(x, probabilities(3, 4, axis=1)),
        lambda x: binary_cross_entropy(x.sigmoid(), probabilities(3, 4, axis=1)),
        lambda x: binary_cross_entropy_with_logits(x, probabilities(3, 4, axis=1)),
        lambda x: binary_cross_entropy_with_logits(0 * x, probabilities(3, 4, axis=1)),
        lambda x: l1_loss(x, torch.ones_like(x)),
        lambda x: mse_loss(x, torch.zeros_like(x)),
        lambda x: huber_loss(x, torch.zeros_like(x), delta=0.7),
        lambda x: smooth_l1_loss(x, torch.zeros_like(x), beta=0.7),
        lambda x: logsumexp(x, 1),
        lambda x: log_softmax(x, 1),
    ],
)
def test_derivatives_by_differences(function: Any) -> None:
    assert torch.autograd.gradcheck(function, normal(3, 4).requires_grad_())


# ---------------------------------------------------------------------------- wrong arguments

X, T, P = torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64), torch.full((2,), 0.5)
CE, BCE, LOGITS = cross_entropy, binary_cross_entropy, binary_cross_entropy_with_logits
WRONG: dict[str, tuple[type[Exception], str, Any, tuple[Any, ...], dict[str, Any]]] = {
    "array": (TypeError, "input is a ndarray; expected a tensor", CE, (X.numpy(), T), {}),
    "integers": (TypeError, "input is torch.int64; expected floating", CE, (X.long(), T), {}),
    "a list": (TypeError, "target is a list", CE, (X, [0, 1]), {}),
    "int32": (TypeError, "target is torch.int32; expected labels", CE, (X, T.int()), {}),
    "no class": (
        ValueError, "the label 3; expected 0 to 2, or ignore_index, which is -100", CE,
        (X, T + 3), {},
    ),
    "negative": (ValueError, "holds the label -1", CE, (X, T - 1), {}),
    "one short": (ValueError, r"\(1,\); expected \(2,\) of labels", CE, (X, T[:1]), {}),
    "one hot": (ValueError, r"\(2, 3\); expected \(2,\) of labels", CE, (X, X.long()), {}),
    "soft": (ValueError, r"expected \(2, 3\) of probabilities", CE, (X, P), {}),
    "scalar": (ValueError, r"input has shape \(\)", CE, (X[0, 0], T[0]), {}),
    "weights": (ValueError, r"weight has shape \(2,\); expected \(3,\)", CE, (X, T, P), {}),
    "weight dtype": (TypeError, "weight is torch.float64", CE, (X, T, torch.ones(3).double()), {}),
    "smoothing": (ValueError, "label_smoothing is 2", CE, (X, T), {"label_smoothing": 2}),
    "reduction": (ValueError, "reduction is 'max'; expected", CE, (X, T), {"reduction": "max"}),
    "soft ignored": (ValueError, "ignore_index is 0 with prob", CE, (X, X), {"ignore_index": 0}),
    "not binary": (ValueError, "input holds 1.5; expected numbers from 0", BCE, (P + 1, P), {}),
    "nan": (ValueError, "input holds nan", BCE, (P * math.nan, P), {}),
    "not yes": (ValueError, "target holds 2.5", BCE, (P, P + 2), {}),
    "binary shapes": (ValueError, r"\(2, 1\); expected \(2,\), as", LOGITS, (P, P[:, None]), {}),
    "binary labels": (TypeError, "target is torch.int64; exp", LOGITS, (P, T), {}),
    "binary weight": (
        ValueError, r"weight has shape \(3,\); expected one that fits \(2,\)", LOGITS,
        (P, P, X[0]), {},
    ),
    "pos_weight": (ValueError, "pos_weight has shape", LOGITS, (P, P), {"pos_weight": X[0]}),
    "delta": (ValueError, "delta is 0; expected a number", huber_loss, (P, P), {"delta": 0}),
    "beta": (ValueError, "beta is -1; expected a number of", smooth_l1_loss, (P, P), {"beta": -1}),
    "endless": (ValueError, "delta is inf", huber_loss, (P, P), {"delta": math.inf}),
    "word": (TypeError, "beta is 'small'", smooth_l1_loss, (P, P), {"beta": "small"}),
    "max": (ValueError, "reduction is 'max'", mse_loss, (P, P), {"reduction": "max"}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("error", "message", "function", "arguments", "options"), WRONG.values(), ids=list(WRONG)
)
def test_wrong_arguments_are_named(
    error: type[Exception], message: str, function: Any, arguments: Any, options: Any
) -> None:
    with pytest.raises(error, match=message):
        function(*arguments, **options)


@pytest.mark.parametrize("function", [l1_loss, mse_loss, huber_loss, smooth_l1_loss])
def test_shapes_that_broadcast_are_refused(function: Any) -> None:
    with pytest.raises(ValueError, match=r"target has shape \(2, 1\); expected \(2,\)"):
        function(P, P[:, None])
    with pytest.warns(UserWarning, match="broadcasting"):
        assert getattr(F, function.__name__)(P, P[:, None], reduction="none").shape == (2, 2)


# ---------------------------------------------------------------------------- margins, overlaps


@random_cases
@given(st.integers(1, 5), st.integers(1, 6), st.floats(0, 3), reductions, dtypes)
def test_margins_are_torchs(
    count: int, classes: int, margin: float, reduction: Any, dtype: torch.dtype
) -> None:
    scores = normal(count, classes, 1).select(-1, 0).to(dtype)
    target = labels(classes, count)
    assert_same(
        lambda y: multi_margin_loss(y, target, margin=margin, reduction=reduction),
        lambda y: F.multi_margin_loss(y, target, margin=margin, reduction=reduction),
        scores,
    )


@random_cases
@given(
    st.integers(1, 4),
    st.integers(1, 5),
    st.sampled_from(["none", "mean", "sum", "batchmean"]),
    dtypes,
)
def test_divergences_are_torchs(
    count: int, classes: int, reduction: Any, dtype: torch.dtype
) -> None:
    target = probabilities(count, classes, axis=1).to(dtype)
    target[0, 0] = 0  # it costs nothing, and ln 0 is not taken
    assert_same(
        lambda y: kl_div(y, target, reduction=reduction),
        lambda y: F.kl_div(y, target, reduction=reduction),
        normal(count, classes, 1).select(-1, 0).to(dtype).log_softmax(1),
    )


@random_cases
@given(shapes, st.sampled_from([None, 0.0, 0.25, 1.0]), st.floats(0, 4), reductions, dtypes)
def test_focal_losses_are_torchvisions(
    shape: tuple[int, ...], alpha: float | None, gamma: float, reduction: Any, dtype: torch.dtype
) -> None:
    logits = 3 * normal(*shape, 1).select(-1, 0).to(dtype)
    target = labels(2, *shape).to(dtype)
    options: Any = {"gamma": gamma, "reduction": reduction}
    assert_same(
        lambda y: sigmoid_focal_loss(y, target, alpha=alpha, **options),
        lambda y: torchvisions_focal_loss(y, target, -1 if alpha is None else alpha, **options),
        logits,
    )
    plain = sigmoid_focal_loss(logits, target, alpha=None, gamma=0, reduction=reduction)
    expected = F.binary_cross_entropy_with_logits(logits, target, reduction=reduction)
    torch.testing.assert_close(plain, expected)


@random_cases
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_an_overlap_is_torchmetrics_dice_score(count: int, rows: int, columns: int) -> None:
    found, true = labels(2, count, rows, columns), labels(2, count, rows, columns, seed=1)
    found[:, 0, 0] = true[:, 0, 0] = 1  # none empty: torchmetrics gives 0 there
    expected = dice_score(found[:, None], true[:, None], 1, average="none", input_format="one-hot")
    measured = dice_loss(found.double(), true.double(), smooth=0, reduction="none")
    torch.testing.assert_close(1 - measured, expected.flatten().double(), rtol=1e-6, atol=1e-6)


def test_overlaps() -> None:
    nothing = torch.zeros(2, 3, 3, dtype=torch.float64)
    assert dice_loss(nothing, nothing) == 0
    assert dice_loss(nothing + 1, nothing) == pytest.approx(0.9)  # 1 - 1 / (9 + 1)
    given_ = probabilities(2, 3, 4, axis=1).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda y: dice_loss(y, labels(2, 2, 3, 4).double()), given_)
    for reduction, shape in (("none", (2,)), ("mean", ()), ("sum", ())):
        assert dice_loss(nothing, nothing, reduction=reduction).shape == shape


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: multi_margin_loss(torch.zeros(3), torch.tensor(0)),
            r"expected \(N, K\) and \(N,\)",
        ),
        (lambda: multi_margin_loss(torch.zeros(1, 3), torch.tensor([3])), "holds the label 3"),
        (
            lambda: multi_margin_loss(torch.zeros(1, 3), torch.tensor([0]), margin=-1),
            "margin is -1",
        ),
        (lambda: kl_div(torch.zeros(2), torch.tensor([0.5, 1.5])), "target"),
        (lambda: kl_div(torch.zeros(2), torch.zeros(2), reduction="all"), "reduction is 'all'"),
        (lambda: sigmoid_focal_loss(torch.zeros(2), torch.zeros(2), alpha=2), "alpha is 2"),
        (lambda: sigmoid_focal_loss(torch.zeros(2), torch.zeros(2), gamma=-1), "gamma is -1"),
        (lambda: sigmoid_focal_loss(torch.zeros(2), torch.zeros(3)), r"target has shape \(3,\)"),
        (lambda: dice_loss(torch.tensor(0.5), torch.tensor(1.0)), r"input has shape \(\)"),
        (lambda: dice_loss(torch.tensor([2.0]), torch.tensor([1.0])), "input"),
        (lambda: dice_loss(torch.zeros(2), torch.zeros(2), smooth=-1), "smooth is -1"),
    ],
)
def test_what_these_cannot_compare_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@given(count=st.integers(1, 7), width=st.integers(1, 6), temperature=st.floats(0.05, 2))
def test_pairs_are_compared_by_torchs_cross_entropy_both_ways(
    count: int, width: int, temperature: float
) -> None:
    a, b = normal(2, count, width)
    cosines = F.cosine_similarity(a[:, None], b[None], dim=2) / temperature
    right = torch.arange(count, device=DEVICE)
    expected = (F.cross_entropy(cosines, right) + F.cross_entropy(cosines.T, right)) / 2
    torch.testing.assert_close(info_nce(a, b, temperature), expected)
    torch.testing.assert_close(info_nce(b, a, temperature), expected)
    torch.testing.assert_close(info_nce(3 * a, b / 2, temperature), expected)


def test_pairs_that_tell_nothing_cost_the_logarithm_of_their_number() -> None:
    alike = torch.ones(5, 2)
    assert info_nce(alike, alike).item() == pytest.approx(math.log(5))
    a, b = (each.clone().requires_grad_() for each in normal(2, 4, 3))
    assert torch.autograd.gradcheck(info_nce, (a, b))
    with pytest.raises(ValueError, match=r"input has shape \(2, 2, 2\); expected \(N, D\)"):
        info_nce(torch.ones(2, 2, 2), torch.ones(2, 2, 2))
    with pytest.raises(ValueError, match="temperature is 0; expected a positive number"):
        info_nce(alike, alike, 0)
    with pytest.raises(ValueError, match="shape"):
        info_nce(alike, torch.ones(1, 2))
