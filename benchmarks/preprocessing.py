"""How many photographs a second become a batch: ``python -m benchmarks.preprocessing``.

Photographs of 500 × 375 pixels, as arrays (PIL pictures for torchvision) and as JPEG files in
memory, become normalised tensors of 3 × 224 × 224, by ``torchvision.transforms.v2`` on PIL
pictures and by both modes of ``Preprocess``. The sides take turns, one batch a run, with as many
threads as OpenCV and torch take unless told otherwise; torchvision and PIL use one.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np
import PIL
import torch
import torchvision
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

from benchmarks.record import record
from cvlib.data import photograph
from cvlib.images.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocess

SEED = 0
WIDTH, HEIGHT = 500, 375
NAMES = ("astronaut", "chelsea", "china", "coffee", "flower", "rocket")
CUTS = 4  # a photograph
QUALITY = 90
WARM_UP = 3  # runs that are not counted: caches and allocators fill


def photographs() -> list[NDArray[np.uint8]]:
    """Cut the largest 4:3 rectangle, and smaller ones at random places, and shrink or grow them."""
    rng = np.random.default_rng(SEED)
    cuts = []
    for name in NAMES:
        image = photograph(name)
        largest = min(image.shape[0] * WIDTH // HEIGHT, image.shape[1])
        for share in np.linspace(1, 0.8, CUTS):
            width = int(share * largest)
            height = width * HEIGHT // WIDTH
            top, left = (
                int(rng.integers(0, room + 1))
                for room in (image.shape[0] - height, image.shape[1] - width)
            )
            cut = image[top : top + height, left : left + width]
            how = cv2.INTER_AREA if width > WIDTH else cv2.INTER_CUBIC
            cuts.append(np.asarray(cv2.resize(cut, (WIDTH, HEIGHT), interpolation=how), np.uint8))
    return cuts


def as_jpeg(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def opened(file: bytes) -> Image.Image:
    return Image.open(io.BytesIO(file)).convert("RGB")


def measure(sides: dict[str, Callable[[], Tensor]], count: int, runs: int) -> dict[str, object]:
    """Time the sides in turns; the first is what the others are measured against."""
    reference, *others = sides
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    batches = {}
    for _ in range(WARM_UP + runs):
        for name, side in sides.items():
            begin = time.perf_counter()
            batches[name] = side()
            seconds[name].append(time.perf_counter() - begin)
    taken = {name: times[WARM_UP:] for name, times in seconds.items()}
    ratios = {
        name: [theirs / mine for mine, theirs in zip(taken[name], taken[reference], strict=True)]
        for name in others
    }
    levels = 255 * torch.tensor(IMAGENET_STD).reshape(3, 1, 1)
    apart = {name: (batches[name] - batches[reference]).abs() * levels for name in others}
    return {
        "pictures_a_second_median": {
            name: round(count / statistics.median(times)) for name, times in taken.items()
        },
        "times_as_many_median": {n: round(statistics.median(r), 2) for n, r in ratios.items()},
        "times_as_many_quartiles": {
            n: [round(q, 2) for q in statistics.quantiles(r)[::2]] for n, r in ratios.items()
        },
        "levels_apart_most": {n: round(float(a.max()), 2) for n, a in apart.items()},
        "levels_apart_mean": {n: round(float(a.mean()), 4) for n, a in apart.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30, help="a side; default: 30")
    runs = parser.parse_args().runs
    steps = v2.Compose(
        [
            v2.Resize(256, antialias=True),
            v2.CenterCrop(224),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
        ]
    )
    exact, fast = Preprocess(mode="exact"), Preprocess(mode="fast")
    arrays = photographs()
    pictures = [Image.fromarray(array) for array in arrays]
    files = [as_jpeg(array) for array in arrays]
    results: dict[str, object] = {
        "runs_a_side": runs,
        "pictures": len(arrays),
        "opencv_threads": cv2.getNumThreads(),
        "versions": {
            "torchvision": torchvision.__version__.partition("+")[0],
            "pillow": PIL.__version__,
            "opencv": cv2.__version__,
        },
    }
    sources: dict[str, dict[str, Callable[[], Tensor]]] = {
        "from_pictures": {
            "torchvision": lambda: torch.stack([steps(picture) for picture in pictures]),
            "exact": lambda: exact(arrays),
            "fast": lambda: fast(arrays),
        },
        "from_jpeg": {
            "torchvision": lambda: torch.stack([steps(opened(file)) for file in files]),
            "exact": lambda: exact.from_files(files),
            "fast": lambda: fast.from_files(files),
        },
    }
    for name, sides in sources.items():
        results[name] = measure(sides, len(arrays), runs)
        print(name, results[name])
    record("preprocessing", results, seed=SEED)


if __name__ == "__main__":
    main()
