"""What a small U-Net finds, and what its parts are worth: ``python -m benchmarks.segmentation``.

On scenes of digits, the network of the package learns by its recipe from three seeds, and is tested
on 500 scenes of other digits and photographs. Then it learns from a sixth as many scenes, once as
it is and once with each part changed: another loss, another way to enlarge maps, no bridges, fewer
levels. One thing changes at a time; without bridges the number of parameters stays.

On the nuclei, each quarter of the picture is the test once, and the other three are learnt from.
Beside the network stand Otsu's threshold, on the picture and on the logarithm of the blurred
picture, and a local threshold, whose window and offset were chosen by looking at all quarters.
All maps are taken apart by the same watershed.

Seeds draw the scenes or the windows' order, the weights and the batches. The record is written
after each row, and what it holds already is not run again: an interrupted benchmark goes on where
it stopped. Delete ``results/segmentation.json`` to begin anew. ``--rows`` runs some of the rows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from skimage.filters import threshold_local, threshold_otsu
from torch import Tensor, nn

from benchmarks import record
from cvlib.data import nuclei, scenes
from cvlib.images.morphology import otsu_threshold
from cvlib.recipes import RECIPES, UNET, UNET_NUCLEI, nucleus_pixels, unet
from cvlib.tasks.instances import match, separate
from cvlib.tasks.overlap import iou, soft_dice_loss
from cvlib.tasks.segmentation import LabelMaps
from cvlib.training import fit, predict, sigmoid_focal_loss

SEED, SEEDS = 0, 3
SCENES, FEWER = 3000, 500  # to learn from, by the recipe and for comparisons
TEST = 500
CORNERS = ((0, 0), (0, 256), (256, 0), (256, 256))  # top row and left column of each quarter


def focal(logits: Tensor, labels: Tensor) -> Tensor:
    """Take the focal loss of two classes, of the difference of their logits."""
    return sigmoid_focal_loss(logits[:, 1] - logits[:, 0], labels.float(), alpha=None)


#: By name: how the network is made, and which arguments of ``fit`` differ from the recipe's.
ROWS: dict[str, tuple[Callable[[], nn.Module], dict[str, Any]]] = {
    "as it is": (unet(), {}),
    "cross entropy alone": (unet(), {"loss": F.cross_entropy}),
    "Dice loss alone": (unet(), {"loss": soft_dice_loss}),
    "focal loss": (unet(), {"loss": focal}),
    "transposed convolutions": (unet(upsampling="transposed"), {}),
    "transposed, overlapping": (unet(upsampling="overlapping"), {}),
    "no bridges": (unet(bridges=False), {}),
    "2 levels": (unet(2), {}),
    "1 level": (unet(1), {}),
    "0 levels": (unet(0), {}),
}


def on_scenes(
    make: Callable[[], nn.Module],
    changed: Mapping[str, Any],
    count: int,
    test: LabelMaps,
    seed: int,
) -> tuple[float, float]:
    """Train from a seed, and return the mean overlap and that of the digits."""
    train = LabelMaps.of_scenes(scenes(count, seed=seed + 10, objects=(6, 8)))
    torch.manual_seed(seed)
    model = make()
    fit(model, train, seed=seed, progress=False, **{**UNET, **changed})
    both = iou(predict(model, test.images, batch_size=50), test.labels)
    return float(both.mean()), float(both[1])


def several(measure: Callable[[int], tuple[float, float]], name: str) -> dict[str, Any]:
    """Measure from several seeds, and say what came of each and of all."""
    began = time.process_time()
    found = [measure(seed) for seed in range(SEED, SEED + SEEDS)]
    seconds = (time.process_time() - began) / SEEDS
    row = {"seeds": list(range(SEED, SEED + SEEDS)), "processor_seconds": round(seconds, 1)}
    for key, values in zip(("mean_iou", "iou"), zip(*found, strict=True), strict=True):
        row |= {
            f"test_{key}s": [round(each, 4) for each in values],
            f"test_{key}_mean": round(statistics.mean(values), 4),
            f"test_{key}_standard_deviation": round(statistics.stdev(values), 4),
        }
    print(name, row, flush=True)
    return row


def classical(picture: NDArray[np.uint8]) -> dict[str, NDArray[np.bool_]]:
    """Find nuclei without learning."""
    smooth = cv2.GaussianBlur(picture, (0, 0), 1)
    logarithm = np.log1p(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1))
    return {
        "Otsu": picture > otsu_threshold(picture),
        "Otsu, of the logarithm": logarithm > threshold_otsu(logarithm),
        "local threshold": smooth > threshold_local(smooth, 51, offset=-2),
    }


def learnt(corner: tuple[int, int], seed: int) -> NDArray[np.bool_]:
    """Train on three quarters, and return what is found in the fourth."""
    train, test = nucleus_pixels(corner)
    torch.manual_seed(seed)
    model = RECIPES["unet_nuclei"].make()
    fit(model, train, seed=seed, progress=False, **UNET_NUCLEI)
    return (predict(model, test.images).argmax(1)[0] == 1).numpy()


def judged(found: NDArray[np.bool_], true: NDArray[np.uint8]) -> dict[str, float]:
    """Compare a map with the true nuclei, pixel by pixel and nucleus by nucleus."""
    both = iou(torch.from_numpy(found.astype(np.int64)), torch.from_numpy(true > 0).long(), 2)
    matching = match(separate(found), true)
    return {
        "mean_iou": float(both.mean()),
        "iou": float(both[1]),
        "f1": matching.f1,
        "found": matching.found,
        "true": matching.true,
    }


def averaged(quarters: list[dict[str, float]]) -> dict[str, Any]:
    """Average over the quarters, and keep each."""
    row: dict[str, Any] = {}
    for key in ("mean_iou", "iou", "f1"):
        values = [quarter[key] for quarter in quarters]
        row[f"{key}_mean"] = round(statistics.mean(values), 4)
        row[f"{key}_of_quarters"] = [round(value, 4) for value in values]
    return row | {key: [quarter[key] for quarter in quarters] for key in ("found", "true")}


def on_nuclei(results: dict[str, Any]) -> None:
    """Fill in a row for each way to find nuclei."""
    picture, masks = nuclei()
    parts = [np.s_[top : top + 256, left : left + 256] for top, left in CORNERS]
    for name, found in classical(picture).items():
        results[name] = averaged([judged(found[part], masks[part]) for part in parts])
    true = [judged(masks[part] > 0, masks[part]) for part in parts]
    results["the true map, taken apart"] = averaged(true)
    seeds = range(SEED, SEED + SEEDS)
    began = time.process_time()
    each = [
        judged(learnt(corner, seed), masks[part])
        for seed in seeds
        for corner, part in zip(CORNERS, parts, strict=True)
    ]
    seconds = (time.process_time() - began) / len(each)
    runs = [averaged(each[4 * number : 4 * number + 4]) for number in range(SEEDS)]
    results["U-Net"] = {
        **{
            f"{key}_mean": round(statistics.mean(run[f"{key}_mean"] for run in runs), 4)
            for key in ("mean_iou", "iou", "f1")
        },
        **{
            f"{key}_of_seeds": [run[f"{key}_mean"] for run in runs]
            for key in ("mean_iou", "iou", "f1")
        },
        **{
            f"{key}_of_quarters": [
                round(statistics.mean(run[f"{key}_of_quarters"][at] for run in runs), 4)
                for at in range(len(CORNERS))
            ]
            for key in ("mean_iou", "iou", "f1")
        },
        "seeds": list(seeds),
        "processor_seconds": round(seconds, 1),
    }
    print(results, flush=True)


def main() -> None:
    line = argparse.ArgumentParser(description=__doc__)
    names = ("recipe", *ROWS, "nuclei")
    line.add_argument("--rows", nargs="+", choices=names, default=list(names), metavar="ROW")
    line.add_argument("--scenes", type=int, default=SCENES, help="to learn from by the recipe")
    line.add_argument("--fewer", type=int, default=FEWER, help="to learn from in comparisons")
    line.add_argument("--test", type=int, default=TEST, help="scenes to test on")
    chosen = line.parse_args()
    path = record.RESULTS / "segmentation.json"
    before = json.loads(path.read_text())["results"] if path.exists() else {}
    results: dict[str, Any] = {
        "scenes": chosen.scenes,
        "scenes_of_comparisons": chosen.fewer,
        "test_scenes": chosen.test,
        "parameters": sum(each.numel() for each in unet()().parameters()),
        "recipe": before.get("recipe", {}),
        "comparisons": before.get("comparisons", {}),
        "nuclei": before.get("nuclei", {}),
    }
    test = LabelMaps.of_scenes(scenes(chosen.test, split="test", seed=1))
    keep = partial(record.record, "segmentation", results, seed=SEED)
    if "recipe" in chosen.rows and not results["recipe"]:
        measure = partial(on_scenes, unet(), {}, chosen.scenes, test)
        results["recipe"] = several(measure, "recipe")
        keep()
    for name, (make, changed) in ROWS.items():
        if name in chosen.rows and name not in results["comparisons"]:
            measure = partial(on_scenes, make, changed, chosen.fewer, test)
            results["comparisons"][name] = several(measure, name)
            keep()
    if "nuclei" in chosen.rows and not results["nuclei"]:
        on_nuclei(results["nuclei"])
    results["comparisons"] = {
        name: results["comparisons"][name] for name in ROWS if name in results["comparisons"]
    }
    keep()


if __name__ == "__main__":
    main()
