"""The distance transform: how far each pixel of a mask is from the nearest background."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_mask

__all__ = ["distance_transform"]


def distance_transform(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measure the straight distance from each pixel to the nearest pixel that is 0.

    First along one side of the picture only, then across: the square of a distance is the sum of
    two squares. How far one must look across is known, for whatever is further than the largest
    distance left cannot be nearest.

    Parameters
    ----------
    mask
        ``bool`` or ``uint8``, (H, W).

    Returns
    -------
    ndarray
        ``float32``, (H, W), in pixels: 0 in the background, infinite if there is none. What
        ``cv2.distanceTransform`` gives with ``cv2.DIST_L2`` and ``cv2.DIST_MASK_PRECISE``; the
        time grows with the largest distance, and at most with the shorter side.

    Raises
    ------
    TypeError, ValueError
        If it is no mask.

    References
    ----------
    Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions", Theory of Computing
    8, 2012, section 2 (the two passes).

    Examples
    --------
    >>> distance_transform(np.array([[1, 1, 1], [1, 1, 0]], dtype=np.uint8)).round(2)
    array([[2.24, 1.41, 1.  ],
           [2.  , 1.  , 0.  ]], dtype=float32)
    """
    expect_mask(mask)
    tall = mask.shape[0] > mask.shape[1]
    along = (mask if tall else mask.T) != 0  # its first side is the longer one
    squared = _steps_along(along) ** 2
    first = squared.copy()
    for shift in range(1, along.shape[1]):
        if shift**2 >= squared.max():
            break
        np.minimum(squared[:, shift:], first[:, :-shift] + shift**2, out=squared[:, shift:])
        np.minimum(squared[:, :-shift], first[:, shift:] + shift**2, out=squared[:, :-shift])
    distance = np.sqrt(squared if tall else squared.T).astype(np.float32)
    return np.ascontiguousarray(distance)


def _steps_along(inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Count the steps to the nearest background in each column: the nearer of up and down."""
    row = np.arange(len(inside), dtype=np.float64)[:, None]
    above = np.maximum.accumulate(np.where(inside, -np.inf, row), axis=0)
    below = np.minimum.accumulate(np.where(inside, np.inf, row)[::-1], axis=0)[::-1]
    return np.minimum(row - above, below - row)
