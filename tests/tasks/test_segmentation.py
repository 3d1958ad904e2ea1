"""Label maps fit their pictures, tiles give what the whole gives, windows keep their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor, nn

from cvlib.data import scenes
from cvlib.networks import UNet
from cvlib.tasks.segmentation import LabelMaps, predict, random_quarter_turn, random_windows

random_cases = settings(deadline=None, max_examples=15, derandomize=True)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def model() -> UNet:
    torch.manual_seed(0)
    return UNet(1, 3, width=2, levels=3)


# ---------------------------------------------------------------------------- tiles


@random_cases
@given(st.integers(1, 150), st.integers(1, 150), st.sampled_from([32, 64]), st.integers(1, 3))
def test_tiles_give_what_the_whole_picture_gives(
    height: int, width: int, tile: int, pictures: int
) -> None:
    torch.manual_seed(0)
    model = UNet(1, 3, width=2, levels=3)
    images = normal(pictures, 1, height, width)
    found = predict(model, images, tile=tile, halo=64, batch_size=2)
    with torch.inference_mode():
        whole = model.eval()(images).softmax(1)
    torch.testing.assert_close(found, whole, atol=1e-5, rtol=0)
    assert found.dtype == torch.float32


def test_without_surroundings_the_seams_show(model: UNet) -> None:
    images = normal(1, 1, 128, 128)
    whole = predict(model, images)
    apart = (predict(model, images, tile=64, halo=0) - whole).abs().amax((0, 1))
    assert apart[62:66].max() > 1e-3
    assert apart[:1, :1].max() < 1e-5


def test_bytes_are_numbers_from_0_to_1_and_one_picture_is_a_batch_of_one(model: UNet) -> None:
    images = (255 * normal(2, 1, 40, 50)).byte()
    found = predict(model, images)
    torch.testing.assert_close(predict(model, images / 255), found)
    torch.testing.assert_close(predict(model, images[1]), found[1])
    torch.testing.assert_close(found.sum(1), torch.ones(2, 40, 50))


def test_the_mode_of_the_network_stays(model: UNet) -> None:
    for training in (True, False):
        model.train(training)
        predict(model, normal(1, 1, 8, 8))
        assert model.training == training


class Watched(nn.Module):
    """Says of each pixel how bright it is, and keeps the sizes that it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.shown.append(x[0, 0].numel())
        return torch.cat([x, 1 - x], dim=1)


def test_a_strip_20_000_pixels_wide_is_shown_in_parts() -> None:
    watched, strip = Watched(), torch.zeros(1, 1, 64, 20_000)
    strip[..., 12_345] = 1
    found = predict(watched, strip)
    assert found.shape == (1, 2, 64, 20_000)
    assert int(found[0, 0, 0].argmax()) == 12_345
    assert max(watched.shown) <= 64 * (256 + 2 * 64)
    assert len(watched.shown) == -(-20_000 // 256)


# ---------------------------------------------------------------------------- label maps


def test_label_maps_of_scenes_say_digit_or_which() -> None:
    some = scenes(3, size=48)
    one, ten = LabelMaps.of_scenes(some), LabelMaps.of_scenes(some, by_digit=True)
    assert one.classes == ("background", "digit")
    assert ten.classes == ("background", *"0123456789")
    assert torch.equal(one.labels > 0, some.masks > 0)
    assert torch.equal(ten.labels, some.pixel_labels())
    assert torch.equal(one.labels > 0, ten.labels > 0)
    picture, labels = one[1]
    assert torch.equal(picture, some.images[1])
    assert torch.equal(labels, one.labels[1])


def test_a_split_holds_every_picture_once() -> None:
    maps = LabelMaps.of_scenes(scenes(9, size=48))
    for test, count in ((3, 3), (0.2, 2)):
        train, other = maps.split(test, seed=1)
        assert (len(train), len(other)) == (9 - count, count)
        together = torch.cat([train.images, other.images]).flatten(1).double().mean(1)
        torch.testing.assert_close(
            together.sort().values, maps.images.flatten(1).double().mean(1).sort().values
        )
        assert other.classes == maps.classes
    assert torch.equal(maps.split(3, seed=1)[1].images, maps.split(3, seed=1)[1].images)
    assert not torch.equal(maps.split(3, seed=1)[1].images, maps.split(3, seed=2)[1].images)


IMAGES, LABELS = torch.zeros(2, 3, 8, 9, dtype=torch.uint8), torch.zeros(2, 8, 9).long()
TWO = ("no", "yes")


def test_255_is_a_pixel_that_does_not_count() -> None:
    labels = LABELS.clone()
    labels[0, 0, 0] = 255
    assert len(LabelMaps(IMAGES, labels, TWO, "squares")) == 2


# ---------------------------------------------------------------------------- augmentation, windows


@random_cases
@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 99))
def test_quarter_turns_move_labels_with_their_pixels(count: int, side: int, seed: int) -> None:
    images = normal(count, 2, side, side, seed=seed)
    labels = (1000 * images[:, 1]).long()
    moved, maps = random_quarter_turn(images, labels, Generator().manual_seed(seed))
    assert torch.equal((1000 * moved[:, 1]).long(), maps)
    assert torch.equal(moved.flatten(2).sort().values, images.flatten(2).sort().values)


def test_quarter_turns_give_all_eight_guises() -> None:
    image = torch.arange(4.0).view(1, 1, 2, 2).expand(400, 1, 2, 2)
    moved, _ = random_quarter_turn(image, torch.zeros(400, 2, 2).long(), Generator().manual_seed(0))
    guises, counts = moved.flatten(1).unique(dim=0, return_counts=True)
    assert len(guises) == 8
    assert counts.min() > 25


@random_cases
@given(st.integers(3, 20), st.integers(3, 20), st.integers(1, 3), st.integers(0, 99))
def test_windows_are_parts_with_their_labels(height: int, width: int, size: int, seed: int) -> None:
    picture = torch.arange(height * width).view(1, height, width)
    labels = 2 * picture[0]
    windows, maps = random_windows(
        picture, labels, 9, size, seed=seed, keep=lambda top, left: (top + left) % 2 == 0
    )
    assert torch.equal(2 * windows[:, 0], maps)
    for window in windows[:, 0]:
        top, left = divmod(int(window[0, 0]), width)
        assert (top + left) % 2 == 0
        assert torch.equal(window, picture[0, top : top + size, left : left + size])


def test_windows_of_nuclei_leave_the_quarter_to_test_on_alone() -> None:
    from cvlib.data import nuclei
    from cvlib.recipes import nucleus_pixels

    picture = torch.from_numpy(nuclei()[0])
    for top, left in ((256, 256), (0, 256), (0, 0)):
        train, test = nucleus_pixels((top, left))
        quarter = picture[top : top + 256, left : left + 256]
        assert torch.equal(test.images[0, 0], quarter)
        rows = quarter.unfold(1, 64, 1).flatten(0, 1)  # every row of 64 pixels that it holds
        known = {row.tobytes() for row in rows.numpy()}
        edges = train.images[:, 0, [0, 63]].flatten(0, 1).numpy()
        assert not known.intersection(row.tobytes() for row in edges)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: LabelMaps(IMAGES, LABELS[..., 1:], TWO, ""), ValueError, "labels has shape (2, 8"),
        (lambda: LabelMaps(IMAGES, LABELS + 2, TWO, ""), ValueError, "labels holds 2; expected 0 "),
        (lambda: LabelMaps(IMAGES, LABELS - 1, TWO, ""), ValueError, "labels holds -1"),
        (lambda: LabelMaps(IMAGES / 2, LABELS, TWO, ""), TypeError, "images is torch.float32"),
        (lambda: LabelMaps(IMAGES, LABELS.int(), TWO, ""), TypeError, "labels is torch.int32"),
        (lambda: LabelMaps(IMAGES[0], LABELS, TWO, ""), ValueError, "images has shape (3, 8, 9)"),
        (lambda: LabelMaps(IMAGES, [1], TWO, ""), TypeError, "labels is list; expected a tensor"),  # type: ignore[arg-type]
        (
            lambda: LabelMaps(IMAGES, LABELS, TWO, "").split(2),
            ValueError,
            "test is 2; expected at ",
        ),
        (
            lambda: LabelMaps(IMAGES, LABELS, TWO, "").split(0.1),
            ValueError,
            "test is 0.1; expected",
        ),
        (lambda: predict(UNet(), torch.zeros(8, 8)), ValueError, "images has shape (8, 8)"),
        (lambda: predict(UNet(), torch.zeros(1, 3, 0, 8)), ValueError, "not empty"),
        (lambda: predict(UNet(), torch.full((3, 8, 8), torch.nan)), ValueError, "images holds nan"),
        (lambda: predict(UNet(), IMAGES, tile=100), ValueError, "tile is 100; expected a multiple"),
        (lambda: predict(UNet(), IMAGES, tile=0), ValueError, "tile is 0; expected at least 32"),
        (lambda: predict(UNet(), IMAGES, halo=-32), ValueError, "halo is -32; expected at least 0"),
        (lambda: predict(UNet(), IMAGES, halo=20), ValueError, "halo is 20; expected a multiple"),
        (lambda: predict(UNet(), [0]), TypeError, "images is a list; expected a tensor"),  # type: ignore[arg-type]
        (
            lambda: predict(nn.MaxPool2d(2), IMAGES),
            ValueError,
            "model gives (2, 3, 4, 4) for pictures of shape (2, 3, 8, 9); expected scores (N, K, H",
        ),
        (
            lambda: random_quarter_turn(IMAGES / 255, LABELS, Generator()),
            ValueError,
            "images has shape (2, 3, 8, 9); expected squares",
        ),
        (
            lambda: random_windows(IMAGES[0], LABELS[0, 1:], 1, 2),
            ValueError,
            "labels has shape (7,",
        ),
        (
            lambda: random_windows(IMAGES[0], LABELS[0], 1, 9),
            ValueError,
            "size is 9; expected at mo",
        ),
        (lambda: random_windows(IMAGES[0], LABELS[0], 0, 2), ValueError, "count is 0"),
        (
            lambda: random_windows(IMAGES[0], LABELS[0], 1, 2, keep=lambda *_: False),
            ValueError,
            "keep allows no window",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    call: Callable[[], Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as refused:
        call()
    assert message in str(refused.value)
