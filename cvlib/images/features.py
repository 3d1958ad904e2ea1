"""Points that can be found again: what is known of them, what surrounds them, and who is whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import integer, number

__all__ = ["Keypoints", "expect_points", "grey", "match", "patches"]

_AT_ONCE = 4_000_000  # distances held at a time, 32 MB of them


@dataclass(frozen=True, eq=False)
class Keypoints:
    """Points of a picture, with what their finder says about them: an array per property.

    Indexing takes what indexes an array, and gives the keypoints of these rows.

    Parameters
    ----------
    points
        ``float32``, (N, 2): column and row (x, y) in pixels, from the centre of the first pixel.
    size
        ``float32``, (N,): the diameter in pixels of what is looked at around the point.
    angle
        ``float32``, (N,): degrees from 0 to 360; 0 is to the right, 90 is down. -1 if not known.
    response
        ``float32``, (N,): how strong the point is; larger is stronger.

    Raises
    ------
    ValueError
        If the arrays have other shapes.

    Examples
    --------
    >>> corner = Keypoints.at([(5, 7), (20, 3)])
    >>> len(corner), corner[[1]].points.tolist()
    (2, [[20.0, 3.0]])
    """

    points: NDArray[np.float32]
    size: NDArray[np.float32]
    angle: NDArray[np.float32]
    response: NDArray[np.float32]

    def __post_init__(self) -> None:
        expect_points(self.points)
        for field in fields(self)[1:]:
            shape = np.shape(getattr(self, field.name))
            if shape != (len(self.points),):
                raise ValueError(f"{field.name} has shape {shape}; expected ({len(self.points)},)")

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, which: Any) -> Keypoints:
        return Keypoints(*(getattr(self, field.name)[which] for field in fields(self)))

    @classmethod
    def at(cls, points: Any, size: float = 1, angle: float = -1, response: float = 0) -> Keypoints:
        """Make keypoints that are known by their places alone, and share all else.

        Parameters
        ----------
        points
            Pairs (x, y), (N, 2).
        size, angle, response
            What all of them have.

        Returns
        -------
        Keypoints
            One per pair.
        """
        places = np.asarray(points, dtype=np.float32).reshape(-1, 2)
        alike = (np.full(len(places), value, np.float32) for value in (size, angle, response))
        return cls(places, *alike)

    @classmethod
    def from_opencv(cls, found: Sequence[cv2.KeyPoint]) -> Keypoints:
        """Turn OpenCV's list of keypoints into arrays.

        Parameters
        ----------
        found
            What ``cv2.SIFT``, ``cv2.ORB`` and their like detect.

        Returns
        -------
        Keypoints
            In the same order.
        """
        rows = [(*point.pt, point.size, point.angle, point.response) for point in found]
        table = np.array(rows, dtype=np.float32).reshape(-1, 5)
        return cls(table[:, :2], table[:, 2], table[:, 3], table[:, 4])

    def to_opencv(self) -> list[cv2.KeyPoint]:
        """Turn the arrays into OpenCV's list, as ``cv2.drawKeypoints`` wants it.

        Returns
        -------
        list of cv2.KeyPoint
            In the same order.
        """
        rows = zip(self.points, self.size, self.angle, self.response, strict=True)
        return [
            cv2.KeyPoint(float(x), float(y), float(size), float(angle), float(response))
            for (x, y), size, angle, response in rows
        ]


def match(
    descriptors_a: NDArray[Any],
    descriptors_b: NDArray[Any],
    ratio: float = 0.8,
    mutual: bool = False,
) -> NDArray[np.intp]:
    """Pair each descriptor with its nearest one, where the second nearest is clearly further.

    Numbers are compared by their Euclidean distance, bits (``uint8``, eight to a number, as those
    of ORB) by how many differ, the Hamming distance.

    Parameters
    ----------
    descriptors_a, descriptors_b
        Descriptors of two pictures, (N, D) and (M, D), of one dtype: floats, or ``uint8`` for bits.
    ratio
        Of the nearest and the second nearest distance, the first must be below ``ratio`` times the
        second. 1 keeps every nearest one. With a single descriptor in ``descriptors_b``, there is
        no second one, so only 1 keeps anything.
    mutual
        Whether the nearest one must have its own nearest one here, too.

    Returns
    -------
    ndarray
        ``intp``, (K, 2): row in ``descriptors_a``, row in ``descriptors_b``, ordered by the first.
        Of several that are equally near, the first is taken, and only by a ratio of 1.

    Raises
    ------
    TypeError
        If they are no arrays of floats or of ``uint8``, or not of one dtype.
    ValueError
        If a shape is not (N, D), they have other widths, a number is not finite, or ``ratio`` is
        not above 0 and at most 1.

    References
    ----------
    Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", International Journal of
    Computer Vision 60(2), 2004, section 7.1.

    Examples
    --------
    >>> a = np.array([[0.0, 0.0], [5.0, 5.0]])
    >>> b = np.array([[5.0, 4.0], [0.0, 1.0], [5.0, 6.5]])
    >>> match(a, b).tolist(), match(a, b, ratio=0.5).tolist()
    ([[0, 1], [1, 0]], [[0, 1]])
    """
    a, b = _comparable(descriptors_a, descriptors_b)
    if number("ratio", ratio, most=1) == 0:
        raise ValueError(f"ratio is {ratio!r}; expected a number above 0")
    if len(a) == 0 or len(b) == 0:
        return np.empty((0, 2), dtype=np.intp)
    power = 1 if descriptors_a.dtype == np.uint8 else 2  # the distance of bits is not squared
    nearest, kept = np.empty(len(a), dtype=np.intp), np.ones(len(a), dtype=np.bool_)
    best_of_b = np.zeros(len(b), dtype=np.intp)
    least_of_b = np.full(len(b), np.inf)
    rows = max(1, _AT_ONCE // len(b))
    for start in range(0, len(a), rows):
        distance = _distances(a[start : start + rows], b)
        part = slice(start, start + len(distance))
        nearest[part] = distance.argmin(axis=1)
        if mutual:
            first = distance.argmin(axis=0)
            least = distance[first, np.arange(len(b))]
            nearer = least < least_of_b
            best_of_b[nearer], least_of_b[nearer] = start + first[nearer], least[nearer]
        if ratio < 1 and len(b) > 1:
            two = np.partition(distance, 1, axis=1)[:, :2]
            kept[part] = two[:, 0] < ratio**power * two[:, 1]
    kept &= ratio == 1 or len(b) > 1
    if mutual:
        kept &= best_of_b[nearest] == np.arange(len(a))
    return np.stack([np.flatnonzero(kept), nearest[kept]], axis=1)


def _distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute all squared distances: |a|² + |b|² - 2ab. For zeros and ones, they count bits."""
    distance = a @ b.T
    distance *= -2
    distance += np.square(a).sum(axis=1)[:, None]
    distance += np.square(b).sum(axis=1)
    return np.maximum(distance, 0, out=distance)


def _comparable(
    descriptors_a: NDArray[Any], descriptors_b: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    both = {"descriptors_a": descriptors_a, "descriptors_b": descriptors_b}
    for name, given in both.items():
        if not isinstance(given, np.ndarray) or given.dtype not in ("uint8", "float32", "float64"):
            kind = getattr(given, "dtype", type(given).__name__)
            raise TypeError(f"{name} is {kind}; expected an array of floats, or of uint8 for bits")
        if given.ndim != 2 or given.shape[1] == 0:
            raise ValueError(f"{name} has shape {given.shape}; expected (N, D)")
        if not np.isfinite(given).all():
            raise ValueError(f"{name} holds nan or infinity; expected finite numbers")
    if descriptors_a.dtype != descriptors_b.dtype:
        raise TypeError(
            f"descriptors_b is {descriptors_b.dtype}; expected {descriptors_a.dtype}, as "
            "descriptors_a"
        )
    if descriptors_a.shape[1] != descriptors_b.shape[1]:
        raise ValueError(
            f"descriptors_b has {descriptors_b.shape[1]} numbers per point; expected "
            f"{descriptors_a.shape[1]}, as descriptors_a"
        )
    bits = descriptors_a.dtype == np.uint8
    a, b = (np.unpackbits(g, axis=1) if bits else g for g in (descriptors_a, descriptors_b))
    return a.astype(np.float64), b.astype(np.float64)


def patches(image: NDArray[Any], points: NDArray[Any], size: int = 11) -> NDArray[np.float32]:
    """Describe points by the pixels around them, freed of brightness and contrast.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W), or (H, W, 3), which is turned grey.
    points
        (N, 2): x and y, rounded to the next pixel.
    size
        Side of the square around each, odd. Beyond the border, the picture is mirrored.

    Returns
    -------
    ndarray
        ``float32``, (N, size²): a patch less its mean, divided by its length; all 0 where it is
        flat. The product of two such rows is their normalized correlation, from -1 to 1.

    Raises
    ------
    TypeError, ValueError
        If the picture or the points are none, a point lies outside, or the size is not odd.

    Examples
    --------
    >>> image = np.arange(49, dtype=np.uint8).reshape(7, 7)
    >>> a, b = patches(image, np.array([[3, 3], [2, 4]]), size=3)
    >>> round(float(a @ b), 3)
    1.0
    """
    picture = grey(image)
    expect_points(points)
    if integer("size", size, least=1) % 2 == 0:
        raise ValueError(f"size is {size}; expected an odd number")
    places = np.rint(points).astype(np.intp)
    height, width = picture.shape
    if ((places < 0) | (places >= (width, height))).any():
        raise ValueError(f"points reach beyond the picture; expected x < {width} and y < {height}")
    reach = size // 2
    around = cv2.copyMakeBorder(picture, reach, reach, reach, reach, cv2.BORDER_REFLECT_101)
    windows = np.lib.stride_tricks.sliding_window_view(around, (size, size))
    rows = windows[places[:, 1], places[:, 0]].reshape(len(places), size * size)
    rows = rows.astype(np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    flat = length < 1e-6 * size * max(1.0, float(np.abs(picture).max()))
    described: NDArray[np.float32] = np.where(flat, 0, rows / np.where(flat, 1, length)).astype(
        np.float32
    )
    return described


def grey(image: NDArray[Any]) -> NDArray[Any]:
    """Take a picture as it is if it is grey, and by its luma if it is in colour.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, 3), RGB.

    Returns
    -------
    ndarray
        (H, W), the dtype of ``image``.

    Raises
    ------
    TypeError
        If it is no array of these dtypes.
    ValueError
        If it has another shape, no pixel, or a number that is not finite.

    Examples
    --------
    >>> grey(np.full((1, 1, 3), 9, dtype=np.uint8))
    array([[9]], dtype=uint8)
    """
    if not isinstance(image, np.ndarray) or image.dtype not in (np.uint8, np.float32):
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"image is {kind}; expected an array of uint8 or float32")
    if image.ndim not in (2, 3) or 0 in image.shape or image.shape[2:] not in ((), (3,)):
        raise ValueError(f"image has shape {image.shape}; expected (H, W) or (H, W, 3), not empty")
    if not np.isfinite(image).all():
        raise ValueError("image holds nan or infinity; expected finite numbers")
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def expect_points(points: Any) -> None:
    """Refuse what is no array of finite pairs.

    Parameters
    ----------
    points
        Anything.

    Raises
    ------
    ValueError
        If its shape is not (N, 2), or a number is not finite.

    Examples
    --------
    >>> expect_points(np.zeros((3, 2)))
    """
    shape = np.shape(points)
    if len(shape) != 2 or shape[1] != 2:
        raise ValueError(f"points has shape {shape}; expected (N, 2)")
    if not np.isfinite(points).all():
        raise ValueError("points holds nan or infinity; expected finite numbers")
