"""Histograms are OpenCV's, batches are torchvision's, HOG is scikit-image's; and the checkers."""

import io
import math
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from skimage.feature import hog
from torchvision.transforms import v2

from cvlib.data import mnist_sample, photograph
from cvlib.images.files import decode, encode
from cvlib.images.preprocessing import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Preprocess,
    cell_histograms,
    equalize_hist,
    histogram,
    hog_features,
)

SIDES = st.integers(1, 40)
GREYS = st.tuples(SIDES, SIDES).flatmap(lambda shape: arrays(np.uint8, shape))
STD = torch.tensor(IMAGENET_STD).reshape(3, 1, 1)


def noise(height: int, width: int, *channels: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, *channels), np.uint8)


def by_torchvision(image: np.ndarray, resize: int = 256, crop: int = 224) -> torch.Tensor:
    steps = [
        v2.Resize(resize, antialias=True),
        v2.CenterCrop(crop),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
    ]
    return v2.Compose(steps)(Image.fromarray(image).convert("RGB"))


def levels_apart(ours: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype == torch.float32
    return (ours - theirs).abs() * STD * 255


# ---------------------------------------------------------------------------- histograms


@settings(deadline=None)
@given(arrays(np.uint8, st.lists(st.integers(0, 9), min_size=1, max_size=3).map(tuple)))
def test_histogram_is_numpys(image: np.ndarray) -> None:
    assert np.array_equal(histogram(image), np.histogram(image, np.arange(257))[0])


@settings(deadline=None)
@given(GREYS)
def test_equalized_is_opencvs_to_the_last_bit(image: np.ndarray) -> None:
    assert np.array_equal(equalize_hist(image), cv2.equalizeHist(image))


@settings(deadline=None)
@given(st.integers(0, 255), st.integers(0, 255), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_equalized_is_opencvs_for_any_range_of_levels(
    low: int, high: int, side: int, seed: int
) -> None:
    low, high = sorted((low, high))
    image = np.random.default_rng(seed).integers(low, high, (side, 77), np.uint8, endpoint=True)
    assert np.array_equal(equalize_hist(image), cv2.equalizeHist(image))


@pytest.mark.parametrize("name", ["camera", "coins", "moon", "page", "text"])
def test_equalized_photograph_is_opencvs(name: str) -> None:
    image = photograph(name)
    before = image.copy()
    assert np.array_equal(equalize_hist(image), cv2.equalizeHist(image))
    assert np.array_equal(image, before)


def test_picture_of_one_level_comes_back_as_a_copy() -> None:
    image = np.full((3, 4), 77, dtype=np.uint8)
    result = equalize_hist(image)
    assert np.array_equal(result, image)
    assert not np.shares_memory(result, image)


@pytest.mark.parametrize("function", [histogram, equalize_hist])
def test_only_uint8_is_counted(function: object) -> None:
    with pytest.raises(TypeError, match="image has dtype float32; expected uint8"):
        function(np.zeros((2, 2), np.float32))  # type: ignore[operator]


@pytest.mark.parametrize("shape", [(4, 4, 3), (4,), (0, 4)])
def test_only_grey_is_equalized(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"image has shape \(.*\); expected \(H, W\), grey"):
        equalize_hist(np.zeros(shape, np.uint8))


# ---------------------------------------------------------------------------- batches


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.integers(1, 60), st.data())
def test_exact_is_within_one_level_of_torchvision(
    height: int, width: int, resize: int, data: st.DataObject
) -> None:
    crop = data.draw(st.integers(1, resize))
    image = noise(height, width, 3)
    ours = Preprocess(resize, crop)(image)[0]
    apart = levels_apart(ours, by_torchvision(image, resize, crop))
    assert apart.max() < 1.01


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket", "camera"])
def test_photograph_is_within_one_level_of_torchvision_and_mostly_equal(name: str) -> None:
    apart = levels_apart(Preprocess()(photograph(name))[0], by_torchvision(photograph(name)))
    assert apart.max() < 1.01
    assert (apart > 0.5).float().mean() < 0.005


def test_noise_shrunk_a_lot_is_within_one_level_of_torchvision() -> None:
    image = noise(1500, 1111, 3)
    apart = levels_apart(Preprocess(64, 60)(image)[0], by_torchvision(image, 64, 60))
    assert apart.max() < 1.01


@settings(max_examples=30, deadline=None)
@given(SIDES, SIDES, st.integers(1, 50))
def test_fast_is_opencvs_resize(height: int, width: int, resize: int) -> None:
    image = noise(height, width, 3)
    short = min(height, width)
    size = resize * width // short, resize * height // short
    resized = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    expected = v2.CenterCrop(resize)(torch.from_numpy(resized).permute(2, 0, 1))
    batch = Preprocess(resize, resize, (0, 0, 0), (1, 1, 1), "fast")(image)
    long = max(height, width) > 16 * short
    atol = 1.01 / 255 if long else 1e-5
    torch.testing.assert_close(batch[0], expected / 255, rtol=0, atol=atol)


def test_fast_is_off_by_many_levels_where_detail_is_fine() -> None:
    stripes = np.zeros((300, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    both = [Preprocess(64, 64, mode=mode)(stripes)[0] for mode in ("exact", "fast")]
    assert levels_apart(both[0], both[1]).max() > 50


@pytest.mark.parametrize("shape", [(1, 90), (90, 1), (3, 160), (70, 4), (2, 33), (1, 1000)])
@pytest.mark.parametrize(("resize", "crop"), [(1, 1), (40, 40), (33, 24), (40, 17)])
def test_long_pictures_are_within_one_level_of_torchvision(
    shape: tuple[int, int], resize: int, crop: int
) -> None:
    image = noise(*shape, 3)
    ours = Preprocess(resize, crop)(image)[0]
    assert levels_apart(ours, by_torchvision(image, resize, crop)).max() < 1.01


@pytest.mark.parametrize("shape", [(40, 800), (800, 40), (300, 5000)])
def test_long_pictures_that_shrink_are_within_one_level_too(shape: tuple[int, int]) -> None:
    image = noise(*shape, 3)
    ours = Preprocess(12, 10)(image)[0]
    assert levels_apart(ours, by_torchvision(image, 12, 10)).max() < 1.01
    size = 12 * shape[1] // min(shape), 12 * shape[0] // min(shape)
    resized = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    expected = v2.CenterCrop(10)(torch.from_numpy(resized).permute(2, 0, 1))
    batch = Preprocess(12, 10, (0, 0, 0), (1, 1, 1), "fast")(image)
    torch.testing.assert_close(batch[0], expected / 255, rtol=0, atol=1.01 / 255)


@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize("size", [(20_000, 1), (1, 20_000), (3, 300_000), (1_000_001, 1)])
def test_memory_is_bounded_by_the_output_however_long_a_picture_is(
    size: tuple[int, int], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = 0
    interpolate, resize = torch.nn.functional.interpolate, cv2.resize

    def seen(size: tuple[int, ...]) -> None:
        nonlocal largest
        largest = max(largest, math.prod(size))

    def by_torch(x: torch.Tensor, size: list[int], **options: object) -> torch.Tensor:
        seen((*x.shape[1:],))
        seen((x.shape[1], *size))
        return interpolate(x, size, **options)

    def by_opencv(x: np.ndarray, size: tuple[int, int], **options: object) -> np.ndarray:
        seen(x.shape)
        seen((*size, 3))
        return resize(x, size, **options)

    monkeypatch.setattr(torch.nn.functional, "interpolate", by_torch)
    monkeypatch.setattr(cv2, "resize", by_opencv)
    file = io.BytesIO()
    Image.new("L", size, 100).save(file, "PNG")
    batch = Preprocess(256, 224, (0, 0, 0), (1, 1, 1), mode)([decode(file.getvalue())])  # type: ignore[arg-type]
    assert torch.equal((255 * batch).round(), torch.full((1, 3, 224, 224), 100.0))
    assert 224 * 224 * 3 <= largest <= 256 * 256 * 3


@pytest.mark.parametrize(
    ("files", "said"),
    [
        *((None, "files is None"), (3, "files is 3"), ([None], r"files\[0\] is None")),
        ([b"", 3.5], r"files\[0\]: data is empty"),
        (["absent", [b"a"]], "absent"),
        ([["a"]], r"files\[0\] is list; expected a path"),
        ((number for number in (1, 2)), r"files\[0\] is 1; expected a path"),
        ("a\0b", r"files\[0\] is 'a.*'; expected a name that a file can have"),
    ],
)
def test_what_is_neither_a_path_nor_a_file_is_named(files: object, said: str) -> None:
    with pytest.raises((TypeError, ValueError, FileNotFoundError), match=said):
        Preprocess().from_files(files)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_file_may_come_as_any_kind_of_bytes(kind: Callable[[bytes], bytes]) -> None:
    file = encode(noise(40, 50, 3), ".png")
    expected = Preprocess(40, 32).from_files([file])
    assert torch.equal(Preprocess(40, 32).from_files(kind(file)), expected)
    assert torch.equal(Preprocess(40, 32).from_files([kind(file)]), expected)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_pictures_of_different_sizes_make_one_batch_in_their_order(mode: str) -> None:
    preprocess = Preprocess(40, 32, mode=mode)  # type: ignore[arg-type]
    images = [noise(50, 60, 3), noise(70, 33), noise(32, 32, 3)]
    batch = preprocess(images)
    assert batch.shape == (3, 3, 32, 32)
    assert batch.is_contiguous()
    for number, image in enumerate(images):
        assert torch.equal(batch[number : number + 1], preprocess(image))
    assert torch.equal(preprocess(iter(images)), batch)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_grey_serves_as_three_channels(mode: str) -> None:
    preprocess = Preprocess(40, 32, mode=mode)  # type: ignore[arg-type]
    grey = noise(50, 60)
    assert torch.equal(preprocess(grey), preprocess(np.stack(3 * [grey], axis=-1)))


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_layout_in_memory_does_not_matter_and_the_picture_is_left_alone(mode: str) -> None:
    preprocess = Preprocess(40, 32, mode=mode)  # type: ignore[arg-type]
    image = noise(50, 60, 3)
    before, expected = image.copy(), preprocess(image)
    image.setflags(write=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # torch warns of arrays that must not be written
        assert torch.equal(preprocess(image), expected)
        assert torch.equal(preprocess(image[..., ::-1].copy()[..., ::-1]), expected)
        assert torch.equal(preprocess(np.asfortranarray(image)), expected)
    assert np.array_equal(image, before)


def test_mean_and_deviation_are_those_given() -> None:
    image = noise(32, 32, 3)
    batch = Preprocess(32, 32, mean=[0.1, 0.2, 0.3], std=[1, 2, 4])(image)
    expected = (image / 255 - [0.1, 0.2, 0.3]) / [1, 2, 4]
    assert batch[0].permute(1, 2, 0).numpy() == pytest.approx(expected, abs=1e-6)


def test_a_pickled_copy_does_the_same() -> None:
    preprocess = Preprocess(40, 32, mode="fast")
    copy = pickle.loads(pickle.dumps(preprocess))
    assert copy == preprocess
    assert torch.equal(copy(noise(50, 60, 3)), preprocess(noise(50, 60, 3)))


# ---------------------------------------------------------------------------- files


def jpeg(image: np.ndarray, **settings: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", **settings)
    return file.getvalue()


def test_files_and_bytes_are_the_pictures_in_them(tmp_path: Path) -> None:
    preprocess = Preprocess(40, 32)
    images = [photograph("chelsea")[:60, :80], photograph("coffee")[:90, :70]]
    path = tmp_path / "图片.png"
    Image.fromarray(images[1]).save(path)
    data = jpeg(images[0], quality=90)
    decoded = np.array(Image.open(io.BytesIO(data)))
    expected = preprocess([decoded, images[1]])
    assert torch.equal(preprocess.from_files([data, path]), expected)
    assert torch.equal(preprocess.from_files(iter([data, str(path)])), expected)
    assert torch.equal(preprocess.from_files(data), expected[:1])
    assert torch.equal(preprocess.from_files(path), expected[1:])


def test_grey_file_is_a_grey_picture() -> None:
    grey = photograph("camera")[:60, :80]
    data = jpeg(grey, quality=95)
    expected = Preprocess(40, 32)(np.array(Image.open(io.BytesIO(data))))
    assert torch.equal(Preprocess(40, 32).from_files(data), expected)


def test_turned_camera_is_turned_back() -> None:
    image = photograph("chelsea")[:40, :80]
    turn = Image.Exif()
    turn[0x0112] = 6  # hold the camera upright: turn by a quarter, clockwise
    upright = Preprocess(40, 32).from_files(jpeg(np.rot90(image), exif=turn, quality=95))
    assert levels_apart(upright, Preprocess(40, 32)(image)).mean() < 3
    assert levels_apart(upright, Preprocess(40, 32)(np.rot90(image))).mean() > 10


@pytest.mark.parametrize("data", [b"", b"not a picture", jpeg(noise(30, 30))[:80]])
def test_what_is_no_picture_is_refused_by_name(data: bytes, tmp_path: Path) -> None:
    good = jpeg(noise(30, 30))
    with pytest.raises(ValueError, match=r"files\[1\]: data "):
        Preprocess().from_files([good, data])
    path = tmp_path / "broken.jpg"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"broken\.jpg: data "):
        Preprocess().from_files([good, path])


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.jpg"):
        Preprocess().from_files(tmp_path / "absent.jpg")


# ---------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"resize": 0}, "resize is 0; expected at least 1"),
        ({"crop": -1}, "crop is -1; expected at least 1"),
        ({"resize": 100, "crop": 101}, "crop is 101; expected at most resize, 100"),
        ({"mean": (0.5,)}, r"mean is \(0.5,\); expected three numbers"),
        ({"std": (1, 1, 1, 1)}, r"std is \(1, 1, 1, 1\); expected three numbers"),
        ({"std": (1, 0, 1)}, r"std is \(1, 0, 1\); expected numbers above 0"),
        ({"mode": "best"}, "mode is 'best'; expected 'exact' or 'fast'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Preprocess(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [256.0, "256", True, (256, 256)])
def test_sizes_are_whole_numbers(size: object) -> None:
    with pytest.raises(TypeError, match=r"resize is .*; expected a whole number of pixels"):
        Preprocess(resize=size)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(4, 4, 4), (3, 4, 5), (2, 4, 4, 3), (4,), (0, 4, 3), (4, 0)])
def test_only_pictures_make_a_batch(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"images\[1\] has shape \(.*\); expected \(H, W, 3\)"):
        Preprocess()([noise(30, 30), np.zeros(shape, np.uint8)])


def test_batch_takes_only_arrays_of_uint8() -> None:
    with pytest.raises(TypeError, match=r"images\[0\] has dtype float64; expected uint8"):
        Preprocess()(np.zeros((30, 30, 3)))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"images\[0\] is Image; expected an array of uint8"):
        Preprocess()([Image.fromarray(noise(30, 30))])  # type: ignore[list-item]


def test_batch_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no picture; expected at least one"):
        Preprocess()([])
    with pytest.raises(ValueError, match="there is no picture; expected at least one"):
        Preprocess().from_files([])


def test_import_needs_no_torch() -> None:
    code = "import sys, cvlib.images.preprocessing; print({'torch', 'skimage'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# ---------------------------------------------------------------------------- HOG


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 30), st.integers(2, 30), st.data())
def test_hog_is_scikit_images(height: int, width: int, data: st.DataObject) -> None:
    cell = data.draw(st.integers(1, min(height, width) // 2))
    images = data.draw(arrays(np.uint8, (2, height, width)))
    for row, image in zip(hog_features(images, cell), images, strict=True):
        expected = hog(image, orientations=9, pixels_per_cell=(cell, cell), cells_per_block=(2, 2))
        assert row == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("cell", [4, 7])
def test_hog_of_digits_is_scikit_images(cell: int) -> None:
    digits = mnist_sample().images[::500, 0].numpy()
    features = hog_features(digits, cell)
    assert features.shape == (10, 36 * (28 // cell - 1) ** 2)
    assert features.dtype == np.float32
    for row, digit in zip(features, digits, strict=True):
        assert row == pytest.approx(hog(digit, 9, (cell, cell), (2, 2)), abs=1e-6)


def test_every_gradient_finds_the_direction_that_double_precision_finds() -> None:
    right, down = np.meshgrid(np.arange(-255, 256), np.arange(-255, 256))
    exact = np.rad2deg(np.arctan2(down, right)) % 180 // 20
    single = np.rad2deg(np.arctan2(down.astype(np.float32), right.astype(np.float32))) % 180 // 20
    assert single.dtype == np.float32
    assert np.array_equal(single, exact)


@settings(deadline=None)
@given(st.integers(3, 20), st.integers(3, 20), st.data())
def test_cells_are_alike_for_one_picture_and_for_several(
    height: int, width: int, data: st.DataObject
) -> None:
    cell = data.draw(st.integers(1, min(height, width)))
    images = data.draw(arrays(np.uint8, (3, height, width)))
    together = cell_histograms(images, cell)
    assert together.shape == (3, height // cell, width // cell, 9)
    for image, alone in zip(images, together, strict=True):
        assert np.array_equal(cell_histograms(image, cell), alone)


def test_cells_count_the_direction_in_which_brightness_changes() -> None:
    row, column = np.mgrid[:12, :12]
    for angle in range(10, 180, 20):
        slope = column * np.cos(np.deg2rad(angle)) + row * np.sin(np.deg2rad(angle))
        middle = cell_histograms((128 + 8 * slope).astype(np.uint8), 4)[1, 1]
        assert middle.argmax() == angle // 20
        assert cell_histograms((128 - 8 * slope).astype(np.uint8), 4)[1, 1].argmax() == angle // 20


def test_hog_does_not_change_with_light() -> None:
    dim = mnist_sample().images[:1, 0].numpy() // 2
    once, twice = hog_features(np.concatenate([dim, 2 * dim]))
    assert once == pytest.approx(twice, abs=1e-6)
    assert once.max() > 0.3


def test_hog_refuses_what_it_cannot_describe() -> None:
    with pytest.raises(TypeError, match="images has dtype float64; expected uint8"):
        hog_features(np.zeros((2, 28, 28)))  # type: ignore[arg-type]
    for shape in ((28, 28), (2, 28, 28, 3), (2, 13, 28)):
        with pytest.raises(ValueError, match=r"images has shape .*; expected \(N, H, W\), grey"):
            hog_features(np.zeros(shape, np.uint8))


def test_cells_refuse_what_they_cannot_divide() -> None:
    with pytest.raises(TypeError, match="images has dtype int64; expected uint8"):
        cell_histograms(np.zeros((8, 8), np.int64), 4)  # type: ignore[arg-type]
    for shape, cell in (((8,), 4), ((8, 8, 8, 8), 4), ((8, 8), 9), ((8, 8), 0)):
        with pytest.raises(ValueError, match=rf"images has shape .* and cell is {cell}; expected"):
            cell_histograms(np.zeros(shape, np.uint8), cell)
