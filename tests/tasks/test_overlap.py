"""Overlaps are those of torchmetrics and scikit-learn, and the loss is one less the measure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, jaccard_score
from torch import Tensor
from torchmetrics.functional.classification import multiclass_jaccard_index
from torchmetrics.functional.segmentation import dice_score

from cvlib.tasks.overlap import (
    dice,
    iou,
    mean_iou,
    pixel_and_region_loss,
    pixel_counts,
    soft_dice_loss,
)

random_cases = settings(deadline=None, max_examples=30, derandomize=True)


@st.composite
def maps(draw: st.DrawFn) -> tuple[Tensor, Tensor, int]:
    """Two label maps of one odd shape, often with classes that one or both lack."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)))
    classes, seed = draw(st.integers(2, 6)), draw(st.integers(0, 999))
    generator = torch.Generator().manual_seed(seed)
    highest = [draw(st.integers(1, classes)) for _ in range(2)]
    found, true = (torch.randint(most, shape, generator=generator) for most in highest)
    return found, true, classes


@random_cases
@given(maps())
def test_iou_and_dice_are_scikit_learns_and_nan_for_absent_classes(
    drawn: tuple[Tensor, Tensor, int],
) -> None:
    found, true, classes = drawn
    there = np.isin(np.arange(classes), torch.cat([found.flatten(), true.flatten()]).numpy())
    pair = true.flatten().numpy(), found.flatten().numpy()
    options = {"labels": np.arange(classes), "average": None, "zero_division": 0.0}
    for ours, theirs in ((iou, jaccard_score), (dice, f1_score)):
        expected = np.where(there, theirs(*pair, **options), np.nan)
        np.testing.assert_allclose(ours(found, true, classes).numpy(), expected)
    u = iou(found, true, classes)
    torch.testing.assert_close(dice(found, true, classes), 2 * u / (1 + u), equal_nan=True)
    torch.testing.assert_close(mean_iou(found, true, classes), u[torch.tensor(there)].mean())


@random_cases
@given(maps())
def test_iou_and_dice_are_torchmetrics(drawn: tuple[Tensor, Tensor, int]) -> None:
    found, true, classes = drawn
    found, true = (torch.cat([torch.arange(classes), each.flatten()]) for each in (found, true))
    theirs = multiclass_jaccard_index(found, true, num_classes=classes, average="none")
    torch.testing.assert_close(iou(found, true).float(), theirs)
    batch = found[None], true[None]
    expected = dice_score(*batch, num_classes=classes, average="none", input_format="index")
    torch.testing.assert_close(dice(found, true).float(), expected.flatten())


@random_cases
@given(maps(), st.integers(0, 99))
def test_a_label_to_ignore_does_not_count(drawn: tuple[Tensor, Tensor, int], seed: int) -> None:
    found, true, classes = drawn
    hidden = torch.rand(true.shape, generator=torch.Generator().manual_seed(seed)) < 0.4
    masked = torch.where(hidden, 255, true)
    left = pixel_counts(found[~hidden], true[~hidden], classes)
    assert torch.equal(pixel_counts(found, masked, classes), left)
    assert int(left.sum()) == int((~hidden).sum())
    scores = F.one_hot(found, classes).movedim(-1, 1).float()
    assert torch.equal(pixel_counts(scores, masked), left)


def test_nothing_found_where_nothing_is_has_no_overlap_and_is_no_error() -> None:
    empty = torch.zeros(2, 3, 3, dtype=torch.int64)
    assert iou(empty, empty, 2).tolist()[0] == 1
    assert iou(empty, empty, 2).isnan().tolist() == dice(empty, empty, 2).isnan().tolist()
    assert iou(empty, empty, 2).isnan().tolist() == [False, True]
    assert float(mean_iou(empty, empty, 2)) == 1
    assert iou(empty, empty + 1, 2).tolist() == [0, 0]
    all_ignored = torch.full_like(empty, 255)
    assert mean_iou(empty, all_ignored, 2).isnan()
    assert iou(empty[:0], empty[:0], 2).isnan().all()


@random_cases
@given(maps())
def test_the_loss_of_a_network_that_is_sure_is_one_less_dice(
    drawn: tuple[Tensor, Tensor, int],
) -> None:
    found, true, classes = drawn
    logits = 60.0 * F.one_hot(found, classes).movedim(-1, 1).double()
    each = [
        dice(one[None], other[None], classes).nan_to_num(1.0)
        for one, other in zip(found, true, strict=True)
    ]
    expected = 1 - torch.stack(each).mean()
    got = soft_dice_loss(logits, true, smooth=1e-9)
    torch.testing.assert_close(got, expected, atol=1e-6, rtol=0)


@random_cases
@given(maps(), st.integers(0, 99))
def test_the_loss_is_its_formula_and_ignores_what_it_is_told_to(
    drawn: tuple[Tensor, Tensor, int], seed: int
) -> None:
    _, true, classes = drawn
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(
        len(true), classes, *true.shape[1:], generator=generator, dtype=torch.float64
    )
    true = torch.where(torch.rand(true.shape, generator=generator) < 0.3, 255, true)
    losses = []
    for scores, labels in zip(logits, true, strict=True):
        counted = labels != 255
        p = scores[:, counted].softmax(0)
        for k in range(classes):
            region = (labels[counted] == k).double()
            losses.append(1 - (2 * (p[k] * region).sum() + 1) / (p[k].sum() + region.sum() + 1))
    torch.testing.assert_close(soft_dice_loss(logits, true), torch.stack(losses).mean())
    moved = logits.clone().requires_grad_()
    (slope,) = torch.autograd.grad(soft_dice_loss(moved, true), moved)
    assert not slope.movedim(1, -1)[true == 255].any()


def test_pixel_and_region_loss_has_both_parts_and_gradients_that_are_finite() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 5, 5, generator=generator).requires_grad_()
    labels = torch.randint(3, (2, 5, 5), generator=generator)
    labels[0, :2] = 255
    parts = pixel_and_region_loss(logits, labels)
    assert list(parts) == ["cross_entropy", "dice"]
    torch.testing.assert_close(
        parts["cross_entropy"], F.cross_entropy(logits, labels, ignore_index=255)
    )
    torch.testing.assert_close(parts["dice"], soft_dice_loss(logits, labels))
    nothing = pixel_and_region_loss(logits, torch.full_like(labels, 255))
    assert [part.item() for part in nothing.values()] == [0, 0]
    (slope,) = torch.autograd.grad(sum(nothing.values()), logits)  # type: ignore[arg-type]
    assert not slope.any()


ZEROS = torch.zeros(2, 3, 3, dtype=torch.int64)
SCORES = torch.zeros(2, 4, 3, 3)


@pytest.mark.parametrize("measure", [pixel_counts, iou, dice, mean_iou])
@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((SCORES, ZEROS[..., :2]), ValueError, "labels has shape (2, 3, 2); expected (2, 3, 3), a"),
        ((ZEROS, ZEROS[:1]), ValueError, "labels has shape (1, 3, 3); expected (2, 3, 3)"),
        ((SCORES, ZEROS + 4), ValueError, "labels has the class 4; expected 0 to 3"),
        ((ZEROS, ZEROS - 1, 3), ValueError, "labels has the class -1; expected 0 to 2"),
        ((ZEROS + 3, ZEROS, 3), ValueError, "outputs has the class 3; expected 0 to 2"),
        ((SCORES * float("nan"), ZEROS), ValueError, "outputs holds nan"),
        ((SCORES, ZEROS, 5), ValueError, "num_classes is 5; expected 4"),
        ((SCORES, ZEROS.double()), TypeError, "labels is torch.float64"),
        ((SCORES[0, 0], ZEROS[0, 0]), ValueError, "outputs has shape (3, 3); expected (N, K, H, W"),
        ((SCORES, [0]), TypeError, "labels is a list; expected a tensor"),
        (([0], ZEROS), TypeError, "outputs is a list; expected a tensor"),
    ],
)
def test_what_does_not_fit_is_refused(
    measure: Callable[..., object],
    arguments: tuple[object, ...],
    kind: type[Exception],
    message: str,
) -> None:
    with pytest.raises(kind) as refused:
        measure(*arguments)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("logits", "labels", "kind", "message"),
    [
        (SCORES, ZEROS + 4, ValueError, "target holds the label 4; expected 0 to 3"),
        (SCORES, ZEROS[..., 1:], ValueError, "target has shape (2, 3, 2)"),
        (SCORES.long(), ZEROS, TypeError, "input is torch.int64"),
    ],
)
def test_the_loss_refuses_what_does_not_fit(
    logits: Tensor, labels: Tensor, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as refused:
        soft_dice_loss(logits, labels)
    assert message in str(refused.value)
