"""The drawings of LeNet-5 show what it computes and who sees whom, and clip no word."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from cvlib.data import ImageSet, mnist_sample
from cvlib.figures import palette
from cvlib.figures.lenet5 import STEPS, draw_connections, draw_step, states
from cvlib.networks import LeNet5, pretrained
from cvlib.networks.lenet5 import C3_TABLE, bitmaps, scaled_tanh
from tests.figures.clipping import assert_nothing_is_clipped

LIT = palette["vermillion"].lower()


@pytest.fixture(scope="module")
def model() -> LeNet5:
    loaded = pretrained("lenet5")
    assert isinstance(loaded, LeNet5)
    return loaded


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return mnist_sample()[::500]


def test_states_are_what_the_layers_give_on(model: LeNet5, digits: ImageSet) -> None:
    found = states(model, digits.images[3])
    assert {name: tuple(state.shape) for name, state in found.items()} == {
        "picture": (1, 32, 32), "C1": (6, 28, 28), "S2": (6, 14, 14), "C3": (16, 10, 10),
        "S4": (16, 5, 5), "C5": (120,), "F6": (84,), "output": (10,),
    }  # fmt: skip
    assert (float(found["picture"].min()), found["picture"][0, 0, 0]) == pytest.approx((-0.1, -0.1))
    with torch.inference_mode():
        torch.testing.assert_close(scaled_tanh(model.c1(found["picture"])), found["C1"])
        torch.testing.assert_close(scaled_tanh(model.c3(found["S2"])), found["C3"])
        torch.testing.assert_close(scaled_tanh(model.f6(found["C5"])), found["F6"])
        torch.testing.assert_close(-model(digits.images[3:4] / 255)[0], found["output"])


def test_the_table_is_that_of_the_network() -> None:
    figure = draw_connections()
    squares = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    drawn = sorted((int(square.get_x()), int(square.get_y())) for square in squares)
    assert drawn == [(column, row) for column, maps in enumerate(C3_TABLE) for row in maps]
    colours = {int(s.get_x()): to_hex(s.get_facecolor()) for s in squares}
    kinds = [colours[column] for column in range(16)]
    assert [len({*kinds[:6]}), len({*kinds[6:12]}), len({*kinds[12:15]})] == [1, 1, 1]
    assert len(set(kinds)) == 4
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("chosen", range(16))
def test_what_a_map_of_c3_sees_is_lit(model: LeNet5, digits: ImageSet, chosen: int) -> None:
    figure = draw_step(model, digits.images[4], f"C3, map {chosen}")
    (axes,) = figure.axes
    patches = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    full = {
        (int(patch.get_x()), int(patch.get_y()))
        for patch in patches
        if patch.get_fill() and to_hex(patch.get_facecolor()) == LIT
    }
    assert full == {(chosen, row) for row in C3_TABLE[chosen]}
    framed = {(patch.get_x() < 0, patch.get_y() < 0) for patch in patches if not patch.get_fill()}
    assert framed == {(True, False), (False, True)}
    assert sum(not patch.get_fill() for patch in patches) == len(C3_TABLE[chosen]) + 1
    assert len(axes.images) == 6 + 16
    found = states(model, digits.images[4])
    for image, values in zip(axes.images, [*found["S2"], *found["C3"]], strict=True):
        assert np.array_equal(image.get_array(), values.numpy())
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("step", ["C1", "S2", "S4", "C5", "F6"])
def test_a_layer_stands_right_of_what_it_sees(model: LeNet5, digits: ImageSet, step: str) -> None:
    found = states(model, digits.images[7])
    names = list(found)
    figure = draw_step(model, digits.images[7], step)
    for axes, name in zip(figure.axes, [names[names.index(step) - 1], step], strict=True):
        shape = " × ".join(map(str, found[name].shape))
        assert axes.get_title(loc="left") == f"{name}: {shape}"
        sheet = np.ma.masked_invalid(axes.images[0].get_array())
        shown, expected = sheet.compressed(), found[name].numpy().ravel()
        assert np.array_equal(np.sort(shown), np.sort(expected))
    assert_nothing_is_clipped(figure)


def test_the_dots_of_f6_stand_as_the_drawings_do(model: LeNet5, digits: ImageSet) -> None:
    axes = draw_step(model, digits.images[5], "F6").axes[1]
    dots = np.asarray(axes.images[0].get_array())[1:-1, 1:-1]
    assert dots.shape == (12, 7)
    assert np.array_equal(dots.ravel(), states(model, digits.images[5])["F6"].numpy())
    assert (np.sign(dots) == bitmaps()[5].numpy()).sum() >= 80


@pytest.mark.parametrize("digit", range(10))
def test_the_answer_is_the_nearest_drawing(model: LeNet5, digits: ImageSet, digit: int) -> None:
    distances = states(model, digits.images[digit])["output"]
    nearest = int(distances.argmin())
    figure = draw_step(model, digits.images[digit], "output")
    bars = figure.axes[2].patches
    heights = torch.tensor([bar.get_height() for bar in bars])  # type: ignore[attr-defined]
    torch.testing.assert_close(heights.float(), distances)
    marked = [to_hex(bar.get_facecolor()) == LIT for bar in bars]
    assert marked == [number == nearest for number in range(10)]
    assert figure.get_suptitle().startswith(f"Read as {nearest}:")
    drawn = np.asarray(figure.axes[1].images[0].get_array())[1:-1, 1:-1]
    assert np.array_equal(drawn, bitmaps()[nearest].numpy())
    assert_nothing_is_clipped(figure)


def test_every_step_of_the_explorer_can_be_drawn(model: LeNet5, digits: ImageSet) -> None:
    titles = [draw_step(model, digits.images[0], step).get_suptitle() for step in STEPS]
    assert len(set(titles)) == len(STEPS) == 10


@pytest.mark.parametrize("step", ["C2", "C3", "C3, map 16", "picture"])
def test_other_steps_are_refused(model: LeNet5, digits: ImageSet, step: str) -> None:
    with pytest.raises(ValueError, match=f"step is '{step}'; expected one of C1, S2"):
        draw_step(model, digits.images[0], step)
