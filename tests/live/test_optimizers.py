"""Optimizers in a valley, as pages compute them, beside torch's and the package's."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.training import optimizers
from tests.live.conftest import Engine
from tests.live.walks import STEPS, descended

random_cases = settings(deadline=None, max_examples=60, derandomize=True)

rates = st.floats(0.001, 2.5)
momenta = st.one_of(st.just(0.0), st.floats(0, 0.99))
# A mean that fades at once makes of each gradient its sign, and that of 0 is left to rounding.
fadings = st.floats(0.8, 0.999)
places = st.floats(-2, 2)
valleys = st.floats(1, 1000).map(lambda kappa: (1 / kappa, 1.0))


@random_cases
@given(
    st.sampled_from(["SGD", "RMSprop", "Adam"]), rates, momenta, fadings, valleys,
    st.lists(places, min_size=2, max_size=2), st.booleans(),
)  # fmt: skip
def test_sixty_steps(
    engine: Engine, name: str, lr: float, momentum: float, fading: float,
    curvatures: tuple[float, float], start: list[float], nesterov: bool,
) -> None:  # fmt: skip
    options: dict[str, dict[str, Any]] = {
        "SGD": {"momentum": momentum, "nesterov": nesterov and momentum > 0},
        "RMSprop": {"momentum": momentum, "alpha": fading},
        "Adam": {"betas": [momentum, fading]},
    }
    chosen = {"lr": lr, **options[name]}
    path = engine("descend", name, curvatures, start, STEPS, chosen)
    path = torch.tensor(path, dtype=torch.float64)
    assert path.shape == (STEPS + 1, 2)
    for module in (torch.optim, optimizers):
        expected = descended(
            lambda at, module=module: getattr(module, name)(at, **chosen), curvatures, start
        )
        torch.testing.assert_close(path, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
def test_arguments_left_out_are_torchs(engine: Engine, name: str) -> None:
    expected = descended(lambda at: getattr(torch.optim, name)(at, lr=0.1), (0.1, 1.0), [1.0, -1.0])
    path = engine("descend", name, [0.1, 1.0], [1.0, -1.0], STEPS, {"lr": 0.1})
    path = torch.tensor(path, dtype=torch.float64)
    torch.testing.assert_close(path, expected, rtol=1e-9, atol=1e-12)


@random_cases
@given(st.lists(places, min_size=1, max_size=3), st.data())
def test_valley(engine: Engine, at: list[float], data: Any) -> None:
    curvatures = data.draw(st.lists(st.floats(0, 9), min_size=len(at), max_size=len(at)))
    expected = sum(c * x * x / 2 for c, x in zip(curvatures, at, strict=True))
    assert engine("valley", at, curvatures) == pytest.approx(expected)
