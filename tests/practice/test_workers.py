"""What processes that load have in common, and what a seed of their own changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from cvlib.practice import Draws, seed_own_generator


def epochs(init: Any) -> list[dict[str, list[float]]]:
    """Draw in two epochs; of each, the numbers of the first process and then of the second."""
    first = torch.Generator().manual_seed(0)
    loader = DataLoader(Draws(4), batch_size=2, num_workers=2, worker_init_fn=init, generator=first)
    found = []
    for _ in range(2):
        one, other = loader
        found.append({name: one[name].tolist() + other[name].tolist() for name in one})
    return found


@pytest.mark.parametrize("init", [None, seed_own_generator])
def test_only_a_generator_of_ones_own_is_copied(init: Any) -> None:
    first, second = epochs(init)
    for name in ("torch", "numpy", "python"):
        assert len({*first[name], *second[name]}) == 8
    if init is None:
        expected = np.random.default_rng(0).random(2).tolist()
        assert first["own"] == second["own"] == expected * 2
    else:
        assert len({*first["own"], *second["own"]}) == 8


def test_the_same_seed_draws_the_same() -> None:
    assert epochs(seed_own_generator) == epochs(seed_own_generator)


def test_wrong_uses_are_refused() -> None:
    assert len(Draws(3)) == 3
    with pytest.raises(ValueError, match="count is 0; expected at least 1"):
        Draws(0)
    with pytest.raises(RuntimeError, match="outside of a worker"):
        seed_own_generator(0)
