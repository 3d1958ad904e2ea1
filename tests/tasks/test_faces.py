"""The networks are the published ones; with what is around them, boxes are facenet-pytorch's."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file
from skimage.data import lfw_subset
from torch import Tensor
from torch.nn import functional as F

from cvlib.__main__ import main
from cvlib.data import DataError, data_root, photograph
from cvlib.recipes import fetch
from cvlib.tasks import faces
from cvlib.tasks.boxes import box_iou

PARTS = ("pnet", "rnet", "onet")
ORIGINALS = {part: data_root() / "weights" / f"mtcnn_{part}.pt" for part in PARTS}
needs_originals = pytest.mark.skipif(
    not all(path.exists() for path in ORIGINALS.values()), reason="no mtcnn_*.pt is here"
)
needs_facenet = pytest.mark.skipif(
    importlib.util.find_spec("facenet_pytorch") is None, reason="facenet-pytorch is not installed"
)


@pytest.fixture(scope="module")
def model() -> faces.MTCNN:
    return faces.mtcnn().requires_grad_(False)


@pytest.fixture(scope="module")
def astronaut() -> NDArray[np.uint8]:
    return photograph("astronaut")


def as_tensor(image: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1).float()


def sheet(count: int, side: int) -> NDArray[np.uint8]:
    """Some of scikit-image's faces, count by count, each made larger by the same whole number."""
    patches = np.rint(255 * lfw_subset()[: count * count]).astype(np.uint8)
    tiles = patches.reshape(count, count, 25, 25).repeat(side // 25, 2).repeat(side // 25, 3)
    return np.ascontiguousarray(tiles.swapaxes(1, 2).reshape(count * side, count * side))


# The weights


def test_there_are_half_a_million_numbers(model: faces.MTCNN) -> None:
    counts = [sum(w.numel() for w in model.get_submodule(p).parameters()) for p in PARTS]
    assert counts == [6632, 100_178, 389_040]
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


def test_the_file_says_where_it_is_from_and_under_which_licence() -> None:
    with safe_open(faces.WEIGHTS, framework="pt") as file:
        facts = file.metadata()
    assert facts["command"] == "python -m cvlib checkpoint mtcnn"
    assert facts["source"].startswith("facenet-pytorch==2.6.0")
    assert facts["licence"] == "MIT, facenet-pytorch"
    assert facts["licence_text"].startswith("Copyright (c) 2019 Timothy Esler")
    assert "The above copyright notice and this permission notice" in facts["licence_text"]
    assert "research" in facts["data"]
    assert faces.WEIGHTS.stat().st_size < 2.1e6


@needs_originals
def test_the_weights_are_the_originals_number_by_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "made.safetensors"
    main(["checkpoint", "mtcnn", "--output", str(made)])
    assert "facenet-pytorch==2.6.0" in capsys.readouterr().out
    expected = {
        f"{part}.{name}": value
        for part, path in ORIGINALS.items()
        for name, value in torch.load(path, weights_only=True).items()
    }
    for path in (faces.WEIGHTS, made):
        stored = load_file(path)
        assert stored.keys() == expected.keys()
        assert all(torch.equal(stored[name], value) for name, value in expected.items())


def test_absent_and_other_weights_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CVLIB_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"pip download --no-deps facenet-pytorch==2\.6\.0"):
        fetch("mtcnn")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "mtcnn_pnet.pt").write_bytes(b"not a network")
    with pytest.raises(DataError, match=r"SHA-256 is .*; expected one that begins with a2a71925"):
        fetch("mtcnn")


# The same boxes as the package that the weights come from


@pytest.fixture(scope="module")
def theirs() -> Any:
    from facenet_pytorch import MTCNN  # type: ignore[import-not-found]

    return MTCNN(keep_all=True)


@needs_facenet
@pytest.mark.parametrize("name", ["astronaut", "camera", "motorcycle_left", "coffee", "sheet"])
def test_boxes_are_those_of_facenet_within_a_pixel(
    name: str, model: faces.MTCNN, theirs: Any
) -> None:
    image = sheet(5, 50) if name == "sheet" else photograph(name)
    ours = faces.detect(image, model)
    colour = image if image.ndim == 3 else np.repeat(image[..., None], 3, 2)
    boxes, scores, landmarks = theirs.detect(colour, landmarks=True)
    if boxes is None:
        assert ours.boxes.shape == (0, 4)
        return
    assert len(ours.boxes) == len(boxes) >= (24 if name == "sheet" else 1)
    apart = torch.cdist(torch.tensor(boxes.astype(float)), ours.boxes.double(), p=torch.inf)
    nearest = apart.argmin(1)
    assert sorted(nearest.tolist()) == list(range(len(boxes)))
    assert apart.amin(1).max() < 1
    assert np.allclose(ours.scores[nearest], scores.astype(float), atol=1e-3)
    assert np.abs(ours.landmarks[nearest].numpy() - landmarks.astype(float)).max() < 1


@needs_facenet
@settings(max_examples=5, deadline=None)
@given(
    side=st.integers(30, 90),
    left=st.integers(0, 60),
    min_size=st.sampled_from([12, 20, 33.3]),
    factor=st.sampled_from([0.5, 0.709, 0.85]),
)
def test_other_pyramids_too(side: int, left: int, min_size: float, factor: float) -> None:
    from facenet_pytorch import MTCNN

    image = np.ascontiguousarray(photograph("astronaut")[20 : 220 + side, 100 + left : 330])
    ours = faces.detect(image, faces.mtcnn(), min_size=min_size, factor=factor)
    theirs = MTCNN(keep_all=True, min_face_size=min_size, factor=factor)
    boxes, _ = theirs.detect(image)
    assert boxes is not None
    assert len(boxes) == len(ours.boxes)
    assert np.abs(np.sort(boxes.astype(float), 0) - np.sort(ours.boxes.numpy(), 0)).max() < 1


# What is found


def test_it_finds_the_astronaut_with_her_eyes_nose_and_mouth(
    astronaut: NDArray[np.uint8], model: faces.MTCNN
) -> None:
    found = faces.detect(astronaut, model)
    expected = torch.tensor([[181.05, 62.16, 267.75, 172.05]])
    torch.testing.assert_close(found.boxes, expected, atol=0.05, rtol=0)
    assert found.scores > 0.999
    eye, other, nose, mouth, corner = found.landmarks[0].tolist()
    assert abs(eye[1] - other[1]) < 5
    assert eye[0] < nose[0] < other[0]
    assert max(eye[1], other[1]) < nose[1] < min(mouth[1], corner[1])
    left, top, right, bottom = found.boxes[0].tolist()
    assert all(left < x < right and top < y < bottom for x, y in found.landmarks[0].tolist())


def test_it_finds_most_of_scikit_image_s_faces_and_none_in_what_is_none(model: faces.MTCNN) -> None:
    found = faces.detect(sheet(6, 50), model)
    cells = ((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 // 50).int().tolist()
    assert len(found.boxes) == len(set(map(tuple, cells))) >= 34
    assert (found.scores[:-1] >= found.scores[1:]).all()
    assert len(faces.detect(photograph("coffee"), model).boxes) == 0


def test_a_turned_or_a_tiny_face_is_lost(astronaut: NDArray[np.uint8], model: faces.MTCNN) -> None:
    assert len(faces.detect(np.ascontiguousarray(astronaut[::-1]), model).boxes) == 0
    assert len(faces.detect(np.ascontiguousarray(astronaut[::12, ::12]), model).boxes) == 0


@pytest.mark.parametrize("stage", range(3))
def test_a_stage_that_lets_nothing_pass_ends_the_search(
    stage: int, astronaut: NDArray[np.uint8], model: faces.MTCNN
) -> None:
    thresholds = [0.6, 0.7, 0.7]
    thresholds[stage] = 1.0
    found = faces.detect(astronaut, model, thresholds=thresholds)
    # Of a score of exactly 1 the first stage would be certain; here it has none.
    assert found.boxes.shape == (0, 4)
    assert found.scores.shape == (0,)
    assert found.landmarks.shape == (0, 5, 2)


# The first network as a map


@settings(max_examples=20, deadline=None)
@given(height=st.integers(12, 33), width=st.integers(12, 33), seed=st.integers(0, 99))
def test_a_place_of_the_map_is_a_window(height: int, width: int, seed: int) -> None:
    torch.manual_seed(seed)
    network = faces.PNet().requires_grad_(False)
    x = torch.randn(1, 3, height, width)
    scores, offsets = network(x)
    rows, columns = (-(-(side - 12) // 2) + 1 for side in (height, width))
    assert scores.shape == (1, rows, columns)
    row = seed % ((height - 12) // 2 + 1)
    column = seed % ((width - 12) // 2 + 1)
    window = x[..., 2 * row : 2 * row + 12, 2 * column : 2 * column + 12]
    score, offset = network(window)
    torch.testing.assert_close(scores[0, row, column], score[0, 0, 0])
    torch.testing.assert_close(offsets[..., row, column], offset[..., 0, 0])


@settings(max_examples=20, deadline=None)
@given(height=st.integers(12, 40), width=st.integers(12, 40), band=st.integers(1, 9))
def test_band_by_band_is_the_same(height: int, width: int, band: int) -> None:
    torch.manual_seed(height)
    network = faces.PNet().requires_grad_(False)
    x = torch.randn(3, height, width)
    expected, expected_offsets = network(x[None])
    tallest = []

    def watched(part: Tensor) -> tuple[Tensor, Tensor]:
        tallest.append(part.shape[2])
        scores, offsets = network(part)
        return scores, offsets

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faces, "_BAND", 2 * band * width)
        scores, offsets = faces.slide(watched, x)
    torch.testing.assert_close(scores, expected[0])
    torch.testing.assert_close(offsets, expected_offsets[0])
    assert max(tallest) <= 2 * band + 11


def test_a_strip_of_20_000_pixels_is_read_in_bounded_memory(model: faces.MTCNN) -> None:
    strip = np.zeros((24, 20_000, 3), np.uint8)
    strip[:, ::7] = 200
    assert faces.detect(strip, model).boxes.shape[1] == 4
    sizes = []

    def watched(part: Tensor) -> tuple[Tensor, Tensor]:
        sizes.append(part[0, 0].numel())
        rows, columns = ((side - 11) // 2 for side in part.shape[2:])
        return torch.zeros(1, rows, columns), torch.zeros(1, 4, rows, columns)

    faces.slide(watched, torch.zeros(3, 300, 20_000))
    assert len(sizes) > 1
    assert max(sizes) < 2**20 + 12 * 20_000


def test_cut_outs_are_judged_in_batches(model: faces.MTCNN) -> None:
    picture = torch.zeros(3, 30, 30)
    boxes = torch.tensor([[1.0, 1, 24, 24]]).repeat(1100, 1)
    seen = []

    def watched(x: Tensor) -> tuple[Tensor, Tensor]:
        seen.append(len(x))
        return torch.zeros(len(x)), torch.zeros(len(x), 4)

    found, scores, _ = faces._look(watched, picture, boxes, 24)
    assert seen == [512, 512, 76]
    assert len(found) == len(scores) == 1100


# What is around the networks


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 700),
    width=st.integers(1, 700),
    min_size=st.floats(12, 90),
    factor=st.floats(0.3, 0.9),
)
def test_a_pyramid_ends_where_a_window_no_longer_fits(
    height: int, width: int, min_size: float, factor: float
) -> None:
    levels = faces.pyramid(height, width, min_size, factor)
    least = min(height, width)
    assert bool(levels) == (12 / min_size * least >= 12)
    for number, (scale, high, wide) in enumerate(levels):
        assert np.isclose(scale, 12 / min_size * factor**number)
        assert scale * least >= 12
        assert (high, wide) == (int(height * scale + 1), int(width * scale + 1))
        assert min(high, wide) >= 12
    if levels:
        assert levels[-1][0] * factor * least < 12


def test_the_first_level_makes_the_smallest_face_as_large_as_the_window() -> None:
    assert faces.pyramid(512, 512)[0] == (0.6, 308, 308)
    assert len(faces.pyramid(512, 512)) == 10
    assert faces.pyramid(1, 1) == faces.pyramid(19, 9000) == []


def test_windows_are_where_the_map_says() -> None:
    scores = torch.zeros(5, 7)
    scores[3, 6] = scores[0, 1] = 0.7
    boxes, places = faces.windows(scores, scale=1, threshold=0.7)
    assert places.tolist() == [[0, 1], [3, 6]]
    assert boxes.tolist() == [[3, 1, 14, 12], [13, 7, 24, 18]]  # pixels counted from 1
    boxes, _ = faces.windows(scores, scale=0.5, threshold=0.7)
    assert boxes[0].tolist() == [6, 2, 28, 24]


boxes_strategy = st.lists(
    st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(1, 30)] * 2), min_size=0, max_size=12
)


def as_boxes(sides: list[tuple[int, int, int, int]]) -> Tensor:
    corners = [(x, y, x + w, y + h) for x, y, w, h in sides]
    return torch.tensor(corners, dtype=torch.float32).reshape(-1, 4)


@settings(max_examples=30, deadline=None)
@given(sides=boxes_strategy, seed=st.integers(0, 99))
def test_offsets_that_lead_to_a_box_lead_there(
    sides: list[tuple[int, int, int, int]], seed: int
) -> None:
    boxes = as_boxes(sides)
    torch.manual_seed(seed)
    goal = boxes + torch.randn(boxes.shape)
    for last in (0, 1):
        widths = (boxes[:, 2:] - boxes[:, :2] + last).repeat(1, 2)
        mended = faces.regress(boxes, (goal - boxes) / widths, last=last)
        torch.testing.assert_close(mended, goal, atol=1e-4, rtol=0)


@settings(max_examples=30, deadline=None)
@given(sides=boxes_strategy)
def test_a_square_has_the_same_middle_and_the_longer_side(
    sides: list[tuple[int, int, int, int]],
) -> None:
    boxes = as_boxes(sides)
    squares = faces.square(boxes)
    wide, high = (squares[:, 2:] - squares[:, :2]).T
    torch.testing.assert_close(wide, high)
    longer = (boxes[:, 2:] - boxes[:, :2]).amax(1) if len(boxes) else wide
    torch.testing.assert_close(wide, longer)
    middle, expected = (b[:, :2] + b[:, 2:] for b in (squares, boxes))
    torch.testing.assert_close(middle, expected)


@settings(max_examples=20, deadline=None)
@given(
    left=st.integers(-9, 25),
    top=st.integers(-9, 25),
    side=st.integers(1, 30),
    size=st.integers(2, 9),
)
def test_a_cut_out_is_what_lies_inside_resized_by_area(
    left: int, top: int, side: int, size: int
) -> None:
    torch.manual_seed(0)
    picture = 255 * torch.rand(3, 17, 21)
    boxes = torch.tensor([[left, top, left + side - 1, top + side - 1]], dtype=torch.float32)
    crops, inside = faces.cut(picture, boxes, size)
    part = picture[
        :, max(top - 1, 0) : max(top + side - 1, 0), max(left - 1, 0) : max(left + side - 1, 0)
    ]
    assert inside.item() == (part.numel() > 0)
    assert crops.shape == (int(inside.sum()), 3, size, size)
    if inside:
        torch.testing.assert_close(crops, F.interpolate(part[None], (size, size), mode="area"))


def overlaps(boxes: Tensor) -> Tensor:
    """Count pixels: what two boxes share, as a part of the smaller one."""
    masks = torch.zeros(len(boxes), 80, 80)
    for mask, (left, top, right, bottom) in zip(masks, boxes.int().tolist(), strict=True):
        mask[top:bottom, left:right] = 1
    shared = (masks[:, None] * masks[None]).sum((2, 3))
    areas = masks.sum((1, 2))
    return shared / torch.minimum(areas[:, None], areas[None])


@settings(max_examples=30, deadline=None)
@given(
    sides=boxes_strategy, threshold=st.sampled_from([0.0, 0.33, 0.71, 1.0]), seed=st.integers(0, 99)
)
def test_what_stays_overlaps_little_and_what_goes_a_better_one(
    sides: list[tuple[int, int, int, int]], threshold: float, seed: int
) -> None:
    boxes = as_boxes(sides)
    torch.manual_seed(seed)
    scores = torch.rand(len(boxes))
    for over in ("min", "union"):
        overlap = overlaps(boxes) if over == "min" else box_iou(boxes, boxes)
        kept = faces.suppress(boxes, scores, threshold, over).tolist()
        assert scores[kept].tolist() == sorted(scores[kept].tolist(), reverse=True)
        for place in range(len(boxes)):
            better = [k for k in kept if scores[k] > scores[place]]
            gone = any(overlap[place, k] > threshold for k in better)
            assert (place not in kept) == gone


# Bad input


def test_a_grey_picture_is_taken_as_one_without_colour(model: faces.MTCNN) -> None:
    camera = photograph("camera")
    grey = faces.detect(camera, model)
    colour = faces.detect(np.ascontiguousarray(np.repeat(camera[..., None], 3, 2)), model)
    assert len(grey.boxes) == 1
    assert torch.equal(grey.boxes, colour.boxes)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (5, 5000, 3), (12, 12), (20, 20, 3)])
def test_where_there_is_no_face_all_shapes_are_those_of_none(
    shape: tuple[int, ...], model: faces.MTCNN
) -> None:
    found = faces.detect(np.zeros(shape, np.uint8), model)
    assert [tuple(part.shape) for part in found] == [(0, 4), (0,), (0, 5, 2)]
    assert {part.dtype for part in found} == {torch.float32}


@pytest.mark.parametrize(
    ("image", "words", "message"),
    [
        (np.zeros((30, 30, 3)), {}, "image has dtype float64; expected uint8"),
        (torch.zeros(3, 30, 30), {}, "image is Tensor; expected an array of uint8"),
        (np.zeros((30, 30, 4), np.uint8), {}, r"image has shape \(30, 30, 4\); expected"),
        (np.zeros((0, 30, 3), np.uint8), {}, r"image has shape \(0, 30, 3\); expected .*not empty"),
        (None, {"min_size": 11}, "min_size is 11; expected a number of at least 12"),
        (None, {"min_size": "small"}, "min_size is 'small'; expected a number"),
        (None, {"min_size": np.nan}, "min_size is nan; expected a number of at least 12"),
        (None, {"factor": 1}, "factor is 1; expected a number from 0.1 to 0.95"),
        (None, {"factor": 0}, "factor is 0; expected a number from 0.1 to 0.95"),
        (None, {"thresholds": (0.6, 0.7)}, r"thresholds is \(0.6, 0.7\); expected three numbers"),
        (None, {"thresholds": 0.6}, "thresholds is 0.6; expected three numbers from 0 to 1"),
        (None, {"thresholds": "abc"}, "thresholds is 'abc'; expected three numbers from 0 to 1"),
        (None, {"thresholds": (0.6, 0.7, 2)}, "thresholds is 2; expected a number from 0 to 1"),
    ],
)
def test_bad_input_is_refused_by_name(
    image: Any, words: dict[str, Any], message: str, model: faces.MTCNN
) -> None:
    image = np.zeros((30, 30, 3), np.uint8) if image is None else image
    with pytest.raises((TypeError, ValueError), match=message):
        faces.detect(image, model, **words)


def test_suppression_by_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="over is 'max'; expected 'union' or 'min'"):
        faces.suppress(torch.zeros(0, 4), torch.zeros(0), 0.5, over="max")


def test_boxes_without_area_are_no_faces() -> None:
    class Certain(faces.ONet):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            offsets = torch.tensor([[0.0, 0, 0, 0], [1.0, 0, -1, 0]])  # the second turns inside out
            return torch.ones(len(x)), offsets, torch.zeros(len(x), 5, 2)

    boxes = torch.tensor([[1.0, 1, 20, 20], [5.0, 5, 20, 20]])
    found = faces.third_stage(Certain(), torch.zeros(3, 30, 30), boxes)
    assert found.boxes.tolist() == [[1, 1, 20, 20]]
