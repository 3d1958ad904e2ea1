"""SIFT finds OpenCV's points and writes OpenCV's numbers; each step does what it says."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.data import photograph
from cvlib.images import Keypoints, match, sift
from cvlib.images.scale_space import (
    describe,
    extrema,
    gradients,
    orientation_histogram,
    orientations,
    refine,
    scale_space,
)


def compare(image: np.ndarray, **options: float) -> tuple[float, float, int]:
    """Say which part of the points both find, how alike their descriptors are, and how many."""
    keypoints, described = sift(image, **options)  # type: ignore[arg-type]
    names = {"octave_layers": "nOctaveLayers", "contrast_threshold": "contrastThreshold"}
    names |= {"edge_threshold": "edgeThreshold"}
    theirs = {names.get(name, name): value for name, value in options.items()}
    detector = cv2.SIFT_create(**theirs, enable_precise_upscale=True)
    found, numbers = detector.detectAndCompute(image, None)
    others = Keypoints.from_opencv(found)
    if len(keypoints) == 0 or len(others) == 0:
        return float(len(keypoints) == len(others)), 1, 0
    apart = np.linalg.norm(keypoints.points[:, None] - others.points[None], axis=2)
    apart += np.abs(keypoints.size[:, None] - others.size[None])
    turn = np.abs(keypoints.angle[:, None] - others.angle[None])
    apart += np.minimum(turn, 360 - turn) / 30
    nearest, least = apart.argmin(axis=1), apart.min(axis=1)
    same = least < 0.02
    shared = 2 * same.sum() / (len(keypoints) + len(others))
    a, b = described[same], numbers[nearest[same]]
    cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return float(shared), float(cosine.min()), len(keypoints)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("camera", {}),
        ("coins", {"nfeatures": 60}),
        ("brick", {"octave_layers": 4, "contrast_threshold": 0.02}),
        ("text", {"edge_threshold": 4, "sigma": 2.0}),
    ],
)
def test_points_and_numbers_are_opencvs(name: str, options: dict[str, float]) -> None:
    image = photograph(name)[40:167, 90:241]  # odd sides
    shared, cosine, count = compare(image, **options)
    assert count > 20
    assert shared > 0.98
    assert cosine > 0.999


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 45), st.integers(2, 45))
def test_any_small_picture_has_opencvs_points(seed: int, height: int, width: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.float32)
    image = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 0, 255, cv2.NORM_MINMAX)
    shared, cosine, count = compare(image.astype(np.uint8))
    assert shared > 0.9 or count < 10
    assert cosine > 0.99


def test_colour_counts_by_its_luma() -> None:
    image = photograph("astronaut")[:90, 150:280]
    ours, described = sift(image)
    again, numbers = sift(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    assert np.array_equal(ours.points, again.points)
    assert np.array_equal(described, numbers)


def blob(x: float, y: float, blur: float = 4, side: int = 64) -> np.ndarray:
    """Draw a bell on a slope, which has no blob of its own, and gives the bell an angle."""
    rows, columns = np.mgrid[:side, :side]
    bell = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * blur**2))
    return np.rint(200 * bell + 50 * columns / side).astype(np.uint8)


NEAR = st.builds(lambda whole, part: whole + part, st.integers(25, 35), st.floats(-0.3, 0.3))


@settings(max_examples=10, deadline=None)
@given(NEAR, NEAR, st.sampled_from([2.9, 3.64]))
def test_a_blob_is_found_where_and_as_large_as_it_is(x: float, y: float, blur: float) -> None:
    # Halfway between two pixels or two layers, an extremum may go to and fro, and be dropped.
    keypoints, _ = sift(blob(x, y, blur))
    # The borders and rounding to whole levels make faint ones, far weaker than the blob.
    strong = keypoints[keypoints.response > keypoints.response.max() / 2]
    assert np.abs(strong.points - (x, y)).max() < 0.1
    sizes = strong.size / (2 * blur)
    assert np.ptp(sizes) < 0.01
    assert 0.8 < sizes.mean() < 1


def test_a_quarter_turn_turns_points_and_angles_and_leaves_numbers() -> None:
    image = photograph("camera")[60:188, 130:258]
    keypoints, described = sift(image)
    turned, numbers = sift(np.rot90(image).copy())
    pairs = match(described, numbers, 0.9)
    assert len(pairs) > 0.85 * len(keypoints)
    a, b = keypoints[pairs[:, 0]], turned[pairs[:, 1]]
    there = np.stack([a.points[:, 1], 127 - a.points[:, 0]], axis=1)
    right = np.linalg.norm(there - b.points, axis=1) < 0.5
    assert right.mean() > 0.9
    turn = (a.angle - b.angle - 90 + 180) % 360 - 180
    assert np.median(np.abs(turn[right])) < 0.5


def test_a_scale_space_has_the_blurs_that_it_says() -> None:
    point = np.zeros((64, 64), dtype=np.uint8)
    point[32, 32] = 255
    steps, blurs = [], []
    for step, layers in scale_space(point):
        steps.append(step)
        assert layers.shape == (6, 64 / step, 64 / step)
        assert layers.dtype == np.float32
        if step > 1:
            break
        at = np.arange(layers.shape[1]) - 32 / step
        for layer in layers.astype(float):
            profile = layer.sum(axis=0)
            blurs.append((profile @ at**2 / profile.sum()) ** 0.5)
    assert steps == [0.5, 1, 2]
    # A point that no camera blurred lacks the 1 pixel (0.5, doubled) that the layers count in, and
    # the mean between neighbours blurs by the root of a half.
    wanted = 1.6 * 2 ** (np.arange(6) / 3)
    expected = [*np.sqrt(wanted**2 - 0.5), *np.sqrt(wanted**2 - 0.5 / 4)]
    assert blurs == pytest.approx(expected, rel=0.01)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_extrema_exceed_their_26_neighbours(seed: int) -> None:
    rng = np.random.default_rng(seed)
    differences = rng.integers(-4, 5, (4, 14, 17)).astype(np.float32)
    expected = set()
    for layer in (1, 2):
        for row in range(5, 9):
            for column in range(5, 12):
                value = differences[layer, row, column]
                cube = differences[
                    layer - 1 : layer + 2, row - 1 : row + 2, column - 1 : column + 2
                ]
                if (value > 1 and value == cube.max()) or (value < -1 and value == cube.min()):
                    expected.add((layer, row, column))
    found = extrema(differences, 1)
    assert {*map(tuple, found.tolist())} == expected
    assert len(found) == len(expected)


@settings(max_examples=25, deadline=None)
@given(st.floats(-0.45, 0.45), st.floats(-0.45, 0.45), st.floats(-0.45, 0.45))
def test_a_parabola_is_refined_to_its_top(up: float, down: float, right: float) -> None:
    layer, row, column = np.mgrid[:5, :21, :21].astype(np.float64)
    bump = (layer - 2 - up) ** 2 + (row - 10 - down) ** 2 + 2 * (column - 9 - right) ** 2
    found = refine((100 - 4 * bump).astype(np.float32), np.array([[2, 10, 9], [2, 11, 8]]))
    assert found.row.tolist() == [10, 10]  # the second one wandered there
    assert found.column.tolist() == [9, 9]
    assert found.down == pytest.approx([down] * 2, abs=1e-4)
    assert found.right == pytest.approx([right] * 2, abs=1e-4)
    assert found.contrast == pytest.approx([100 / 255] * 2, abs=1e-4)
    assert found.scale == pytest.approx([1.6 * 2 ** ((2 + up) / 3)] * 2, rel=1e-3)


def test_weak_and_long_extrema_are_dropped() -> None:
    layer, row, column = np.mgrid[:5, :21, :21].astype(np.float32)
    at = np.array([[2, 10, 10]])

    def bump(height: float, across: float) -> np.ndarray:
        shape = (layer - 2) ** 2 + (row - 10) ** 2 + across * (column - 10) ** 2
        return height - shape

    assert len(refine(bump(20, 1), at).row) == 1
    assert len(refine(bump(3, 1), at).row) == 0  # 3 / 255 * 3 layers < 0.04
    assert len(refine(bump(20, 9), at).row) == 1
    assert len(refine(bump(20, 11), at).row) == 0
    assert len(refine(bump(20, 11), at, edge_threshold=12).row) == 1
    assert len(refine(-bump(20, -1), at).row) == 0  # a saddle
    flat = np.zeros((5, 21, 21), dtype=np.float32)
    assert len(refine(flat, at).row) == 0
    assert len(refine(flat, np.empty((0, 3), dtype=np.intp)).row) == 0


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 359.9), st.floats(1.6, 3))
def test_a_ramp_has_the_angle_of_its_slope(angle: float, scale: float) -> None:
    rows, columns = np.mgrid[:61, :61].astype(np.float32)
    turn = np.radians(angle)
    slopes = gradients((columns * np.cos(turn) + rows * np.sin(turn)).astype(np.float32))
    histogram = orientation_histogram(*slopes, 30, 30, scale)
    (found,) = orientations(histogram)
    assert abs((found - angle + 180) % 360 - 180) < 5.1  # half a bin: all vote for one
    # Seen along its own angle, every ramp has the same numbers.
    upright = describe(*slopes, 30, 30, scale, angle)
    along = describe(*gradients(columns), 30, 30, scale, 0)
    cosine = upright @ along / np.linalg.norm(upright) / np.linalg.norm(along)
    assert cosine > 0.99


def test_two_directions_give_two_angles() -> None:
    histogram = np.zeros(36)
    histogram[[3, 20]] = 10, 8.1
    assert orientations(histogram) == pytest.approx([30, 200])
    histogram[20] = 7.9
    assert orientations(histogram) == pytest.approx([30])
    assert orientations(np.zeros(36)).tolist() == []
    assert orientations(np.eye(36)[0] + 0.2 * np.eye(36)[35])[0] > 355  # around the end


def test_a_descriptor_forgets_brightness_and_contrast() -> None:
    layer = cv2.GaussianBlur(photograph("camera")[60:140, 200:280].astype(np.float32), (0, 0), 2)
    numbers = describe(*gradients(layer), 40, 40, 2, 30)
    assert np.array_equal(describe(*gradients(layer + 40), 40, 40, 2, 30), numbers)
    halved = describe(*gradients(layer / 2), 40, 40, 2, 30)
    assert np.abs(halved - numbers).max() <= 1
    assert np.linalg.norm(numbers) == pytest.approx(512, rel=0.02)
    assert not describe(*gradients(np.zeros((30, 30), np.float32)), 15, 15, 2, 0).any()


def test_one_gradient_in_the_middle_of_a_cell_is_one_number_of_255_at_most() -> None:
    length, direction = np.zeros((2, 40, 40), dtype=np.float32)
    length[23, 23] = 7  # a cell is 6 pixels wide, its middle 3 from the point
    numbers = describe(length, direction, 20, 20, 2, 0).reshape(4, 4, 8)
    assert numbers[2, 2, 0] == 255  # 512, but for the limit
    assert np.count_nonzero(numbers) == 1


def test_what_wandered_to_one_place_is_there_once() -> None:
    keypoints, _ = sift(photograph("gravel")[40:190, 90:240])
    rows = np.column_stack([keypoints.points, keypoints.size, keypoints.angle])
    assert len(rows) > 200
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_pictures_without_a_keypoint_give_none() -> None:
    for shape in ((1, 1), (1, 50), (2, 2), (3, 9), (40, 60)):
        keypoints, described = sift(np.full(shape, 128, dtype=np.uint8))
        assert len(keypoints) == 0
        assert described.shape == (0, 128)
        assert described.dtype == np.float32


def test_a_strip_of_20000_pixels_is_looked_through_in_bounded_memory() -> None:
    strip = np.zeros((24, 20_000), dtype=np.uint8)
    strip[4:20, 19_950:19_966] = blob(8, 8, 3, side=16)
    tracemalloc.start()
    keypoints, _ = sift(strip)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.abs(keypoints.points - (19_958, 12)).max() < 2
    assert most < 400 * strip.size  # bytes


def test_bad_arguments_are_refused_by_name() -> None:
    image = np.zeros((9, 9), dtype=np.uint8)
    with pytest.raises(TypeError, match="image has dtype float32; expected uint8"):
        sift(image.astype(np.float32))
    with pytest.raises(ValueError, match="image holds nan"):
        sift(np.full((9, 9), np.nan, np.float32))
    with pytest.raises(ValueError, match=r"image has shape \(0, 3\)"):
        sift(image[:0, :3])
    with pytest.raises(ValueError, match="octave_layers is 0; expected at least 1"):
        sift(image, octave_layers=0)
    with pytest.raises(ValueError, match=r"sigma is 0.5; expected at least 1.0"):
        sift(image, sigma=0.5)
    for name in ("contrast_threshold", "edge_threshold", "nfeatures"):
        with pytest.raises(ValueError, match=f"{name} is -1"):
            sift(image, **{name: -1})  # type: ignore[arg-type]
