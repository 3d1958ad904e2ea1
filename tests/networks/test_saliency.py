"""Saliency against captum's, against gradients by hand, and on networks one sees through."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from captum.attr import Saliency
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cvlib.networks import pretrained
from cvlib.networks.saliency import saliency
from tests.networks.looked_into import NO_TENSORS, Gives, Watchers, pictures, small_net

random_cases = settings(deadline=None, max_examples=25, derandomize=True)


def captums(model: Any, x: Any, classes: Any) -> torch.Tensor:
    return Saliency(model).attribute(x.clone().requires_grad_(), classes).amax(1).detach()


@random_cases
@given(
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(6, 12), st.integers(6, 12)),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_is_captums(sizes: Any, seed: int, data: Any) -> None:
    model, x = small_net(sizes[1], seed=seed), pictures(*sizes, seed=seed)
    some = st.integers(0, 4)
    classes = data.draw(some | st.lists(some, min_size=sizes[0], max_size=sizes[0]))
    torch.testing.assert_close(saliency(model, x, classes), captums(model, x, classes))


def test_is_captums_on_trained_lenet() -> None:
    model, x = pretrained("lenet"), pictures(4, 1, 28, 28).float()
    found = saliency(model, x, [0, 3, 5, 9])
    torch.testing.assert_close(found, captums(model, x, [0, 3, 5, 9]))
    assert found.max() > 0


def test_is_the_difference_quotient_of_each_pixel() -> None:
    model, x, step = small_net(), pictures(1, 3, 6, 7), 1e-6
    moved = x + step * torch.eye(x.numel(), dtype=x.dtype).view(-1, *x.shape[1:])
    slope = ((model(moved) - model(x))[:, 2] / step).view(x.shape[1:])
    torch.testing.assert_close(
        saliency(model, x, 2)[0], slope.detach().abs().amax(0), rtol=1e-3, atol=1e-5
    )


def test_depends_only_on_what_the_class_depends_on() -> None:
    model = Watchers([(2, 5), (4, 1)]).eval()
    for k, place in enumerate([(2, 5), (4, 1)]):
        found = saliency(model, torch.ones(1, 1, 6, 6), k)[0]
        assert found.nonzero().tolist() == [list(place)]
        assert found[place] == 1


def test_with_noise_it_is_the_slope_of_the_mean_score() -> None:
    """For y = relu(x), the mean over noise around 0 has half the slope."""
    model = nn.Sequential(nn.Flatten(), nn.ReLU()).eval()
    flat = saliency(model, torch.zeros(1, 1, 1, 1), 0)
    smooth = saliency(model, torch.zeros(1, 1, 1, 1), 0, noise=0.1, samples=400)
    assert flat.item() == 0
    assert smooth.item() == pytest.approx(0.5, abs=0.1)


def test_gradients_are_averaged_before_their_size_is_taken() -> None:
    """The slope of the absolute value is 1 and -1 by turns: around 0, it cancels."""

    class Size(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.abs().flatten(1)

    found = saliency(Size().eval(), torch.zeros(1, 1, 1, 1), 0, noise=1, samples=400)
    assert found.item() < 0.2


def test_the_noise_comes_from_the_generator() -> None:
    model, x = small_net(), pictures(2, 3, 8, 8)

    def once(seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return saliency(model, x, 1, noise=0.5, samples=2, generator=generator)

    assert torch.equal(once(0), once(0))
    assert torch.equal(once(0), saliency(model, x, 1, noise=0.5, samples=2))
    assert not torch.equal(once(0), once(1))


def test_the_class_is_that_of_the_picture_without_noise() -> None:
    model, x = small_net(), pictures(5, 3, 10, 10)
    chosen = model(x).argmax(1)
    for noise in (0, 3):
        expected = saliency(model, x, chosen, noise=noise, samples=3)
        torch.testing.assert_close(saliency(model, x, noise=noise, samples=3), expected)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_works_where_gradients_are_off_and_leaves_no_trace(mode: Any) -> None:
    model, x = small_net(), pictures(1, 3, 8, 8)
    expected = saliency(model, x, 0)
    with mode():
        found = saliency(model, x, 0)
    assert torch.equal(found, expected)
    assert not found.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"noise": -1}, "noise is -1; expected a number of at least 0"),
        ({"samples": 0}, "samples is 0; expected at least 1"),
        ({"classes": 5}, "expected 0 to 4"),
    ],
)
def test_arguments_that_do_not_fit(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        saliency(small_net(), pictures(1, 3, 8, 8), **arguments)


def test_a_network_in_training() -> None:
    with pytest.raises(ValueError, match=r"expected model\.eval"):
        saliency(small_net().train(), pictures(1, 3, 8, 8))


@pytest.mark.parametrize(("said", "made"), NO_TENSORS.items())
def test_outputs_that_are_no_tensor(said: str, made: Any) -> None:
    for classes in (None, 0):
        with pytest.raises(TypeError, match=f"^model gives a {said}; expected a tensor"):
            saliency(Gives(made).eval(), pictures(1, 3, 12, 12), classes)


def test_outputs_that_are_detached_or_do_not_depend_on_the_pictures() -> None:
    with pytest.raises(ValueError, match="gives outputs without gradients"):
        saliency(Gives(torch.Tensor.detach).eval(), pictures(1, 3, 12, 12))

    class Deaf(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(torch.ones(2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.bias.expand(len(x), 2)

    with pytest.raises(ValueError, match="do not depend on the images"):
        saliency(Deaf().eval(), pictures(1, 3, 4, 4))
