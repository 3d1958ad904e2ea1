"""What the filters cost beside torch's and OpenCV's: ``python -m benchmarks.filters``.

First one channel of 256x256, float32, through kernels of 3x3 and 11x11, zeros beyond the border;
then each filter on a grey photograph of 512x512. One thread a side. The sides take turns, and must
give the same numbers.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from benchmarks.record import record
from benchmarks.turns import take_turns
from cvlib.data import photograph
from cvlib.images.edge_preserving import bilateral_filter, median_blur
from cvlib.images.filters import blur, filter2d, gaussian_blur

SEED = 0
SIZE = 256
WARM_UP = 3  # runs a side that are not counted: caches and allocators fill

Side = Callable[[], NDArray[np.generic]]


def agree(ours: NDArray[np.generic], theirs: NDArray[np.generic], tolerance: float) -> None:
    np.testing.assert_allclose(ours.astype(np.float64), theirs, rtol=0, atol=tolerance)


def beside_torch(kernel_size: int, runs: int) -> dict[str, object]:
    generator = np.random.default_rng(SEED)
    image = generator.random((SIZE, SIZE), dtype=np.float32)
    kernel = generator.random((kernel_size, kernel_size), dtype=np.float32)
    x, weight = torch.from_numpy(image)[None, None], torch.from_numpy(kernel)[None, None]

    def conv2d() -> NDArray[np.generic]:
        with torch.no_grad():
            return F.conv2d(x, weight, padding=kernel_size // 2)[0, 0].numpy()

    sides = {
        "F.conv2d": conv2d,
        "filter2d": lambda: filter2d(image, kernel, "constant"),
        "cv2.filter2D": lambda: cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_CONSTANT),
    }
    close = partial(agree, tolerance=1e-6 * kernel_size**2)
    return take_turns(sides, runs, warm_up=WARM_UP, agree=close)


def beside_opencv(runs: int) -> dict[str, object]:
    image = photograph("camera")
    sharpen = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], dtype=np.float32)
    pairs: dict[str, tuple[Side, Side, int]] = {
        "blur 5x5": (lambda: blur(image, 5), lambda: cv2.blur(image, (5, 5)), 0),
        "gaussian_blur 5x5": (
            lambda: gaussian_blur(image, 5, 1),
            lambda: cv2.GaussianBlur(image, (5, 5), 1),
            0,
        ),
        "filter2d 3x3": (
            lambda: filter2d(image, sharpen),
            lambda: cv2.filter2D(image, -1, sharpen),
            0,
        ),
        "median_blur 3x3": (lambda: median_blur(image, 3), lambda: cv2.medianBlur(image, 3), 0),
        "median_blur 5x5": (lambda: median_blur(image, 5), lambda: cv2.medianBlur(image, 5), 0),
        "median_blur 21x21": (lambda: median_blur(image, 21), lambda: cv2.medianBlur(image, 21), 0),
        "bilateral_filter 5x5": (
            lambda: bilateral_filter(image, 5, 30, 2),
            lambda: cv2.bilateralFilter(image, 5, 30, 2),
            1,
        ),
    }
    return {
        name: take_turns(
            {"cv2": opencvs, "cvlib": ours},
            runs,
            warm_up=WARM_UP,
            agree=partial(agree, tolerance=tolerance),
        )
        for name, (ours, opencvs, tolerance) in pairs.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=101, help="a side; default: 101")
    runs = parser.parse_args().runs
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    results: dict[str, object] = {"runs_a_side": runs}
    for kernel_size in (3, 11):
        results[f"beside_torch_{kernel_size}x{kernel_size}"] = beside_torch(kernel_size, runs)
    results["beside_opencv"] = beside_opencv(max(runs // 5, 3))
    for name, measured in results.items():
        print(name, measured)
    record("filters", results, seed=SEED)


if __name__ == "__main__":
    main()
