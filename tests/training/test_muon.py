"""Muon makes torch's steps where the two do the same, and sorts parameters by their shape."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cvlib.data import digits
from cvlib.training import SGD, evaluate, fit
from cvlib.training.muon import Muon, muon_groups, orthogonalize

random_cases = settings(deadline=None, max_examples=25, derandomize=True)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.double)


@random_cases
@given(rows=st.integers(1, 9), columns=st.integers(1, 9), steps=st.integers(0, 5))
def test_the_polynomial_meets_each_singular_value(rows: int, columns: int, steps: int) -> None:
    matrix = drawn(rows, columns, seed=10 * rows + columns)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    values = values / values.norm()
    for _ in range(steps):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    expected = left @ values.diag() @ right
    torch.testing.assert_close(orthogonalize(matrix, steps), expected, rtol=1e-5, atol=1e-5)


def test_five_steps_bring_singular_values_near_1() -> None:
    values = torch.linalg.svdvals(orthogonalize(drawn(16, 40), steps=5))
    assert 0.6 < float(values.min()) <= float(values.max()) < 1.3
    assert torch.equal(orthogonalize(torch.zeros(3, 2)), torch.zeros(3, 2))


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_steps_have_the_directions_of_torchs(shape: tuple[int, int]) -> None:
    ours, theirs = (drawn(*shape).float().requires_grad_() for _ in range(2))
    mine = Muon([{"params": [ours], "orthogonal": True}], lr=0.1, momentum=0.8)
    torchs = torch.optim.Muon([theirs], lr=0.1, momentum=0.8, weight_decay=0, ns_steps=3)
    for seed in range(4):
        before = ours.detach().clone(), theirs.detach().clone()
        ours.grad = theirs.grad = drawn(*shape, seed=seed).float()
        mine.step()
        torchs.step()
        scaled = before[0] * shape[0] ** 0.5 / before[0].norm()
        step, expected = ours.detach() - scaled, theirs.detach() - before[1]
        expected = expected / max(1, shape[0] / shape[1]) ** 0.5  # torch lets tall steps be longer
        # torch's averages gradients, which orthogonal steps forget, and computes in bfloat16.
        torch.testing.assert_close(step, expected, rtol=0, atol=0.004)


def test_other_groups_are_sgd() -> None:
    ours, theirs = drawn(7).requires_grad_(), drawn(7).requires_grad_()
    mine = Muon([{"params": [ours], "weight_decay": 0.1, "lr": 0.3}], momentum=0.6)
    sgd = SGD([theirs], lr=0.3, momentum=0.6, nesterov=True, weight_decay=0.1)
    for seed in range(3):
        ours.grad = theirs.grad = drawn(7, seed=seed)
        mine.step()
        sgd.step()
    assert torch.equal(ours, theirs)


def test_kernels_are_taken_as_a_row_for_each_output() -> None:
    kernel = drawn(3, 2, 2, 2).requires_grad_()
    kernel.grad = drawn(3, 2, 2, 2, seed=1)
    before = kernel.detach().clone()
    Muon([{"params": [kernel], "orthogonal": True}], lr=0.5).step()
    scaled = before * 3**0.5 / before.norm()
    step = orthogonalize(1.8 * drawn(3, 2, 2, 2, seed=1).flatten(1)).view_as(before)
    torch.testing.assert_close(kernel.detach(), scaled - 0.5 * step)


def test_groups_are_sorted_by_shape_and_leave_out_what_is_frozen() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.Linear(4, 2)
    )
    model[0].weight.requires_grad_(False)
    groups = muon_groups(model.parameters(), 0.2, matrices={"lr": 3.0}, vectors={"lr": 5.0})
    shapes = [[tuple(p.shape) for p in group["params"]] for group in groups]
    assert shapes == [[(4, 4, 1, 1)], [(2, 4)], [(4,), (4,), (4,), (4,), (2,)]]
    assert [(group["lr"], group.get("orthogonal", False)) for group in groups] == [
        *((0.2, True), (3.0, False), (5.0, False))
    ]
    assert [len(group["params"]) for group in muon_groups(model[3].parameters(), 0.1)] == [1, 1]


def test_a_network_learns_by_it() -> None:
    train, test = digits().split(test=0.2)
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * 36, 10))

    def muon(parameters: Any) -> Muon:
        return Muon(muon_groups(parameters, 0.1, matrices={"lr": 0.05}, vectors={"lr": 0.05}))

    fit(model, train, epochs=2, batch_size=64, optimizer=muon, device="cpu")
    assert (evaluate(model, test).accuracy or 0) > 0.9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: orthogonalize(torch.zeros(2, 2, 2)), "matrix has shape .2, 2, 2.; expected two"),
        (lambda: orthogonalize(torch.zeros(2, 2), -1), "steps is -1; expected at least 0"),
        (lambda: Muon([drawn(2).requires_grad_()], momentum=-1), "momentum is -1"),
    ],
)
def test_wrong_arguments_are_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
