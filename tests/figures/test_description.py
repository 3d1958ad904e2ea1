"""A description says whatever a reader sees, and nothing that a font or a resolution changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle

from cvlib.figures import explore, new_figure
from cvlib.figures.description import describe, describe_frames

X = np.linspace(0, 1, 9)


def described(*draw: Callable[[Axes], Any], **options: Any) -> dict[str, Any]:
    figure, axes = new_figure(title="A title")
    axes[0, 0].plot(X, X**2, label="square")
    axes[0, 0].set(xlabel="epoch", ylabel="loss")
    for each in draw:
        each(axes[0, 0])
    return json.loads(json.dumps(describe(figure, **options)))


CHANGES: dict[str, Callable[[Axes], Any]] = {
    "title": lambda axes: axes.set_title("Another"),
    "figure title": lambda axes: axes.figure.suptitle("Another"),
    "figure text": lambda axes: axes.figure.text(0.5, 0.5, "a note"),
    "x label": lambda axes: axes.set_xlabel("step"),
    "y label": lambda axes: axes.set_ylabel("accuracy"),
    "scale": lambda axes: axes.set_yscale("symlog"),
    "limits": lambda axes: axes.set_xlim(0, 2),
    "ticks": lambda axes: axes.set_xticks([0, 1], ["none", "all"]),
    "no frame": lambda axes: axes.set_axis_off(),
    "legend": lambda axes: axes.legend(),
    "legend's title": lambda axes: axes.legend(title="power"),
    "colour": lambda axes: axes.lines[0].set_color("red"),
    "dashes": lambda axes: axes.lines[0].set_linestyle("--"),
    "marker": lambda axes: axes.lines[0].set_marker("o"),
    "label": lambda axes: axes.lines[0].set_label("cube"),
    "line": lambda axes: axes.lines[0].set_ydata(X**2 + 0.01),
    "text": lambda axes: axes.text(0.5, 0.5, "here"),
    "place of a text": lambda axes: axes.text(0.5, 0.6, "here"),
    "arrow": lambda axes: axes.annotate("", (0.2, 0.2), (0.5, 0.5), arrowprops={}),
    "arrow's end": lambda axes: axes.annotate("", (0.2, 0.3), (0.5, 0.5), arrowprops={}),
    "bar": lambda axes: axes.add_patch(Rectangle((0, 0), 0.5, 0.5)),
    "higher bar": lambda axes: axes.add_patch(Rectangle((0, 0), 0.5, 0.6)),
    "circle": lambda axes: axes.add_patch(Circle((0.5, 0.5), 0.1)),
    "points": lambda axes: axes.scatter(X, X),
    "sizes of points": lambda axes: axes.scatter(X, X, s=50),
    "values of points": lambda axes: axes.scatter(X, X, c=X),
    "area": lambda axes: axes.fill_between(X, X),
    "arrows": lambda axes: axes.quiver(X, X, X, X),
    "other arrows": lambda axes: axes.quiver(X, X, X, -X),
    "levels": lambda axes: axes.contour(X, X, np.outer(X, X), levels=[0.1, 0.2]),
    "mesh": lambda axes: axes.pcolormesh(np.outer(X, X)),
    "picture": lambda axes: axes.imshow(np.outer(X, X)),
    "colour map": lambda axes: axes.imshow(np.outer(X, X), cmap="magma"),
    "range": lambda axes: axes.imshow(np.outer(X, X), vmax=2),
    "extent": lambda axes: axes.imshow(np.outer(X, X), extent=(0, 1, 0, 1)),
    "table": lambda axes: axes.table([["1", "2"]]),
    "second axis": lambda axes: axes.twinx().plot(X, X),
}


@pytest.fixture(scope="module")
def descriptions() -> dict[str, dict[str, Any]]:
    return {"": described()} | {name: described(draw) for name, draw in CHANGES.items()}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_seen_is_described(descriptions: dict[str, dict[str, Any]], name: str) -> None:
    same = [other for other, found in descriptions.items() if found == descriptions[name]]
    assert same == [name]


def test_fonts_and_resolution_are_not_described(descriptions: dict[str, dict[str, Any]]) -> None:
    with rc_context({"font.family": "DejaVu Serif"}):
        assert described() == descriptions[""]
    assert described(lambda axes: axes.figure.set_dpi(50)) == descriptions[""]


def test_numbers_have_six_digits_and_a_point() -> None:
    figure, axes = new_figure()
    axes[0, 0].plot([1, 2.5, 1 / 3, np.nan, 1e-12, 123456789])
    assert describe(figure)["axes"][0]["lines"][0]["y"] == (
        "[1. 2.5 0.333333 nan 1e-12 1.23457e+08]"
    )


def test_long_array_is_described_by_some_numbers_mean_and_deviation() -> None:
    figure, axes = new_figure()
    axes[0, 0].plot(np.arange(300.0))
    found = describe(figure)["axes"][0]["lines"][0]["y"]
    assert found["count"] == 300
    assert found["every 5"].startswith("[0. 5. 10.")
    assert found["mean and deviation"] == "[149.5 86.6021]"


def test_measured_numbers_bear_their_band() -> None:
    bands = {"0.93": (0.9, 0.97)}
    found = described(lambda axes: axes.plot([0, 1], [0.5, 0.93]), measured=bands)
    (plot,) = found["axes"]
    assert plot["lines"][1]["y"] == "[0.5 ≈0.93∈[0.9,0.97]]"
    assert "y limits" not in plot  # they follow what was measured
    assert plot["x limits"]
    fixed = described(
        lambda axes: axes.plot([0, 1], [0.5, 0.93]),
        lambda axes: axes.set_ylim(0, 1),
        measured=bands,
    )
    assert fixed["axes"][0]["y limits"] == "[0. 1.]"


def test_whole_numbers_are_measured_beside_measured_parts_alone() -> None:
    bands = {"1": (0.6, 1.0), "0.98": (0.6, 1.0)}  # an accuracy was 1, and so is an epoch
    found = described(
        lambda axes: axes.plot([1, 2], [0.98, 1]),
        lambda axes: axes.scatter([0.98, 1], [1, 2]),
        measured=bands,
    )
    (plot,) = found["axes"]
    assert plot["lines"][1]["x"] == "[1. 2.]"
    assert plot["lines"][1]["y"] == "[≈0.98∈[0.6,1] ≈1∈[0.6,1]]"
    (points,) = plot["collections"]
    assert points["places"] == "[≈0.98∈[0.6,1] 1. ≈1∈[0.6,1] 2.]"


def test_long_measured_array_has_no_mean_that_another_machine_would_not_have() -> None:
    figure, axes = new_figure()
    axes[0, 0].plot(np.linspace(0, 1, 201))
    bands = {f"{value:.6g}": (0.0, 1.0) for value in np.linspace(0, 1, 201)}
    assert "mean and deviation" not in describe(figure, measured=bands)["axes"][0]["lines"][0]["y"]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda picture: picture, True),
        (lambda picture: picture[:, ::-1], False),
        (lambda picture: picture[::-1], False),
        (lambda picture: picture[..., ::-1], False),  # red and blue exchanged
        (lambda picture: picture + 15, False),
        (lambda picture: picture[:-1], False),
    ],
)
def test_picture_is_described_by_its_fields(change: Callable, same: bool) -> None:
    picture = np.random.default_rng(0).integers(0, 200, (16, 24, 3)).astype(np.uint8)
    assert (describe(picture) == describe(change(picture))) == same


def test_small_picture_is_described_by_its_numbers() -> None:
    assert describe(np.eye(3))["numbers"] == "[1. 0. 0. 0. 1. 0. 0. 0. 1.]"


def test_frames_stand_beside_their_alternative_texts() -> None:
    explorer = explore(
        lambda level: np.full((16, 16), level, np.uint8),
        alt="A square of {level}",
        title="Greys",
        level=[0, 128],
    )
    assert explorer.drawn == []
    explorer.html()
    frames = describe_frames(explorer.drawn)["frames"]
    assert [frame["alt"] for frame in frames] == ["A square of 0", "A square of 128"]
    assert frames[0]["thumbnail"] != frames[1]["thumbnail"]


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="image has shape"):
        describe(np.zeros(3))
