"""What each process keeps and sends is counted as the paper counts it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cvlib.practice import Held, bytes_held, bytes_per_rank, bytes_sent, ring_all_reduce

PAPER = {"weight": 2, "gradient": 2, "optimizer": 12}


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120.0), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_the_papers_first_figure(stage: int, gigabytes: float) -> None:
    held = bytes_per_rank(7_500_000_000, 64, stage, **PAPER)
    assert round(sum(held) / 1e9, 1) == gigabytes


@given(st.integers(1, 10_000), st.integers(1, 64))
def test_each_stage_shares_out_one_thing_more(parameters: int, ranks: int) -> None:
    stages = [bytes_per_rank(parameters, ranks, stage) for stage in range(4)]
    assert stages[0] == (4 * parameters, 4 * parameters, 8 * parameters)
    share = -(-parameters // ranks)
    assert stages[3] == (4 * share, 4 * share, 8 * share)
    for before, after, shared in zip(stages, stages[1:], (2, 1, 0), strict=False):
        for part in range(3):
            assert after[part] == (stages[3][part] if part == shared else before[part])


@pytest.mark.parametrize("ranks", [1, 2, 5])
def test_plain_training_sends_what_a_ring_sends(ranks: int) -> None:
    _, sent = ring_all_reduce(list(torch.zeros(ranks, 30)))
    assert set(sent) == {bytes_sent(30, ranks)} == {bytes_sent(30, ranks, 2)}
    assert 2 * bytes_sent(30, ranks, 3) == 3 * bytes_sent(30, ranks)


def test_what_is_held_is_what_the_tensors_take() -> None:
    model = nn.Linear(30, 10, bias=False)
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    assert bytes_held(model, sgd) == Held(1200, 0, 0)
    model(torch.ones(1, 30)).sum().backward()
    sgd.step()
    assert bytes_held(model, sgd) == Held(1200, 1200, 1200)
    plain = torch.optim.SGD(model.parameters(), lr=0.1)
    plain.step()
    assert bytes_held(model.double(), plain) == Held(2400, 2400, 0)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((-1, 2, 0), "parameters is -1; expected at least 0"),
        ((8, 0, 0), "ranks is 0; expected at least 1"),
        ((8, 2, 4), "stage is 4; expected 0, 1, 2 or 3"),
        ((8, 2, -1), "stage is -1; expected at least 0"),
        ((8.5, 2, 0), "parameters is 8.5; expected an integer"),
    ],
)
def test_wrong_numbers_are_refused(numbers: Any, message: str) -> None:
    for count in (bytes_per_rank, bytes_sent):
        with pytest.raises((TypeError, ValueError), match=message):
            count(*numbers)
