"""One look: colours that can be told apart, a white card, pictures in the shape that plots take."""

from __future__ import annotations

import itertools

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from skimage.color import deltaE_ciede2000, rgb2lab

from cvlib.figures.style import STYLE, as_picture, hide_frame, new_figure, palette, use_style

# What is left of linear RGB without the cones for long, middle or short waves: G. M. Machado,
# M. M. Oliveira and L. A. F. Fernandes (2009), table 1, severity 1.0.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def linear(colour: str) -> np.ndarray:
    """Undo sRGB's gamma."""
    shares = np.array(to_rgb(colour))
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def perceived(colour: str, sight: str) -> np.ndarray:
    """Say in CIE Lab what an eye sees."""
    seen = np.clip(np.array(SIGHT[sight]) @ linear(colour), 0, 1)
    return rgb2lab(np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055))


@pytest.mark.parametrize("sight", SIGHT)
def test_palette_can_be_told_apart(sight: str) -> None:
    for one, other in itertools.combinations(palette, 2):
        pair = (perceived(palette[name], sight) for name in (one, other))
        assert deltaE_ciede2000(*pair) > 10, f"{one} and {other} look alike"


@pytest.mark.parametrize("name", ["blue", "vermillion", "green", "grey"])
def test_first_colours_stand_out_from_the_card(name: str) -> None:
    luminance = linear(palette[name]) @ (0.2126, 0.7152, 0.0722)
    assert 1.05 / (luminance + 0.05) > 3  # WCAG 2.2, 1.4.11


def test_figure_is_on_a_white_card_whatever_the_reader_has_set() -> None:
    with mpl.rc_context({"figure.facecolor": "black", "figure.dpi": 50, "axes.spines.top": True}):
        figure, axes = new_figure(2, 3, width=5, height=4, title="What to see")
    assert figure.get_facecolor() == (1, 1, 1, 1)
    assert figure.dpi == 120
    assert tuple(figure.get_size_inches()) == (5, 4)
    assert axes.shape == (2, 3)
    assert not axes[0, 0].spines["top"].get_visible()
    assert figure.get_suptitle() == "What to see"


def test_figure_leaves_the_readers_settings_alone() -> None:
    before = dict(mpl.rcParams)
    new_figure()
    assert dict(mpl.rcParams) == before


def test_figure_needs_plots() -> None:
    with pytest.raises(ValueError, match="rows and columns are 0 and 2; expected at least 1"):
        new_figure(0, 2)


def test_use_style_sets_the_readers_own_plots() -> None:
    with mpl.rc_context():
        mpl.rcdefaults()
        use_style()
        names = STYLE.keys() - {"axes.prop_cycle"}
        assert all(mpl.rcParams[name] == STYLE[name] for name in names)
        assert mpl.rcParams["axes.prop_cycle"].by_key()["color"] == list(palette.values())


def test_hide_frame_leaves_the_picture_alone() -> None:
    _, axes = new_figure()
    axes[0, 0].imshow(np.eye(3))
    hide_frame(axes[0, 0])
    assert [*axes[0, 0].get_xticks(), *axes[0, 0].get_yticks()] == []
    assert not any(spine.get_visible() for spine in axes[0, 0].spines.values())
    assert len(axes[0, 0].images) == 1


def test_tensor_has_its_channels_first_and_an_array_last() -> None:
    tensor = torch.arange(24, dtype=torch.uint8).reshape(3, 2, 4).requires_grad_(False)
    picture = as_picture(tensor)
    assert picture.shape == (2, 4, 3)
    assert picture.dtype == np.uint8
    assert picture[1, 2].tolist() == tensor[:, 1, 2].tolist()
    assert as_picture(picture) is picture
    assert as_picture(torch.zeros(5, 6)).shape == (5, 6)
    assert as_picture(np.zeros((5, 6, 4))).shape == (5, 6, 4)


@pytest.mark.parametrize("image", [torch.zeros(1, 2, 4), np.zeros((2, 4, 1))], ids=["CHW", "HWC"])
def test_one_channel_is_dropped(image: object) -> None:
    assert as_picture(image).shape == (2, 4)


def test_tensor_may_ask_for_gradients() -> None:
    assert as_picture(torch.zeros(2, 4, requires_grad=True)).shape == (2, 4)


@pytest.mark.parametrize(
    "image",
    [np.zeros(5), np.zeros((4, 4, 2)), np.zeros((1, 3, 4, 4)), torch.zeros(2, 4, 4)],
    ids=["a row", "two channels", "a batch", "two maps"],
)
def test_what_is_no_picture_is_refused(image: np.ndarray | torch.Tensor) -> None:
    shape = ", ".join(map(str, image.shape))
    with pytest.raises(ValueError, match=rf"image has shape \({shape},?\); expected a tensor"):
        as_picture(image)
