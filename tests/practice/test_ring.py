"""Around a ring everybody gets the mean, and sends as little as can be."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.practice import ring_all_reduce, ring_steps


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 7), st.integers(0, 30), st.integers(0, 99))
def test_every_rank_gets_the_mean(ranks: int, length: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    vectors = list(torch.randn(ranks, length, generator=generator, dtype=torch.float64))
    before = [vector.clone() for vector in vectors]
    means, sent = ring_all_reduce(vectors)
    assert all(map(torch.equal, vectors, before))
    for mean in means:
        torch.testing.assert_close(mean, torch.stack(vectors).mean(0))
        assert torch.equal(mean, means[0])  # the same bits: sums are made once, and copied
    assert sum(sent) == 2 * (ranks - 1) * length * 8
    if length % ranks == 0:
        assert set(sent) == {2 * (ranks - 1) * length * 8 // ranks}


@pytest.mark.parametrize("ranks", [2, 3, 5])
def test_a_step_sends_one_piece_to_the_right(ranks: int) -> None:
    vectors = list(torch.rand(ranks, 2 * ranks))
    steps = list(ring_steps(vectors))
    assert [step.number for step in steps] == list(range(2 * ranks - 1))
    assert [step.adds for step in steps[1:]] == [True] * (ranks - 1) + [False] * (ranks - 1)
    for before, after in itertools.pairwise(steps):
        assert sorted(after.sent) == list(range(ranks))  # each rank another piece
        for rank in range(ranks):
            left = (rank - 1) % ranks
            for at in range(ranks):
                mine, now = before.pieces[rank][at], after.pieces[rank][at]
                came = before.pieces[left][at]
                if at != after.sent[left]:
                    assert torch.equal(now, mine)
                else:
                    assert torch.equal(now, mine + came if after.adds else came)
            assert after.bytes_sent[rank] - before.bytes_sent[rank] == 8  # two float32
    total = torch.stack(vectors).sum(0).split(2)
    for rank, own in enumerate(steps[ranks - 1].pieces):  # half-way: one finished sum for each
        torch.testing.assert_close(own[(rank + 1) % ranks], total[(rank + 1) % ranks])


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([], "vectors is empty"),
        ([torch.zeros(2), torch.zeros(3)], r"vectors\[1\] has shape \(3,\); expected \(n,\)"),
        ([torch.zeros(2, 2)], r"vectors\[0\] has shape \(2, 2\); expected \(n,\)"),
        ([torch.zeros(2).long()], r"vectors\[0\] is torch.int64; expected floating-point"),
        ([torch.zeros(2), torch.zeros(2).double()], r"vectors\[1\] is torch.float64"),
        ([[1.0]], r"vectors\[0\] is a list; expected a tensor"),
    ],
)
def test_what_cannot_go_around_is_refused(vectors: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        ring_all_reduce(vectors)
