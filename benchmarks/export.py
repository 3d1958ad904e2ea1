"""The same network in other hands, and in careless ones: ``python -m benchmarks.export``.

How fast it is: LeNet and MobileNetV2, on one thread of the processor, one picture and a batch:
torch as one writes it, the graph of ``torch.export``, the library that AOTInductor compiles from
that graph, and an ONNX file in onnxruntime and in OpenCV. All of them take turns, so that whatever
else the machine does falls on all alike. A ratio above 1 is so many times faster than torch as one
writes it. Beside it stands how far the logits are from torch's.

AOTInductor needs a compiler of C++, and is left out where there is none.

What careless callers get: MobileNetV2 looks at 220 square pieces of eleven photographs, drawn from
a seed, each prepared as it should be, and in other ways that each change one thing. For each stands
on how many pieces the first of the thousand answers stays the same.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from benchmarks.record import record
from cvlib.data import photograph, photographs
from cvlib.networks import pretrained
from cvlib.practice.export import to_onnx, to_torch
from cvlib.practice.preparation import FAULTS

SEED = 0
ROUNDS = 30
PIECES = 20  # of each photograph
CASES = {"lenet": ((1, 28, 28), (1, 64)), "mobilenet_v2": ((3, 224, 224), (1, 8))}

Runner = Callable[[Tensor], Any]


def runners(model: nn.Module, shape: tuple[int, ...], folder: str) -> dict[str, Runner]:
    """Return what computes the same, by name, and print how long AOTInductor compiles."""
    example = torch.zeros(2, *shape)
    program = torch.export.load(to_torch(model, f"{folder}/graph.pt2", example=example))
    path = to_onnx(model, f"{folder}/graph.onnx", example=example)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    net = cv2.dnn.readNetFromONNX(str(path))

    def by_opencv(x: Tensor) -> Any:
        net.setInput(x.numpy())
        return net.forward()

    found: dict[str, Runner] = {
        "torch": model,
        "torch.export": program.module(),
        "onnxruntime": lambda x: session.run(None, {"pictures": x.numpy()})[0],
        "OpenCV": by_opencv,
    }
    try:
        package = torch._inductor.aoti_compile_and_package(
            program, package_path=f"{folder}/compiled.pt2"
        )
        found["AOTInductor"] = torch._inductor.aoti_load_package(package)
    except RuntimeError as error:
        print(f"AOTInductor: {str(error).splitlines()[0]}")
    return found


def measured(all_of_them: dict[str, Runner], x: Tensor) -> dict[str, Any]:
    """Time them in turns, and say how far each is from torch."""
    truth = np.asarray(all_of_them["torch"](x))
    times: dict[str, list[float]] = {name: [] for name in all_of_them}
    apart = {
        name: float(np.abs(np.asarray(run(x)) - truth).max()) for name, run in all_of_them.items()
    }
    repeat = max(1, int(0.02 / _seconds(all_of_them["torch"], x)))
    for _ in range(ROUNDS):
        for name, run in all_of_them.items():
            begin = time.process_time()
            for _ in range(repeat):
                run(x)
            times[name].append(time.process_time() - begin)
    medians = {name: statistics.median(each) for name, each in times.items()}
    return {
        name: {
            "times_faster_than_torch": round(medians["torch"] / median, 2),
            "largest_difference_of_logits": float(f"{apart[name]:.2g}"),
        }
        for name, median in medians.items()
    }


def _seconds(run: Runner, x: Tensor) -> float:
    run(x)
    begin = time.process_time()
    run(x)
    return max(time.process_time() - begin, 1e-5)


def careless() -> dict[str, Any]:
    """Say for each way to prepare pictures how often the answer is that of the right one."""
    model = pretrained("mobilenet_v2").to(memory_format=torch.channels_last)
    draw = np.random.default_rng(SEED)
    answers: dict[str, list[int]] = {name: [] for name in FAULTS}
    sureness: dict[str, list[float]] = {name: [] for name in FAULTS}
    for name in photographs():
        if (picture := photograph(name)).ndim == 2:
            continue
        pieces = []
        for _ in range(PIECES):
            # Wider than high, as photographs are, so that it matters how the square is made.
            height = int(draw.integers(240, min(picture.shape[0], picture.shape[1] * 3 // 4) + 1))
            width = height * 4 // 3
            top = int(draw.integers(picture.shape[0] - height + 1))
            left = int(draw.integers(picture.shape[1] - width + 1))
            pieces.append(picture[top : top + height, left : left + width])
        for fault, prepare in FAULTS.items():
            sure, best = model(torch.cat([prepare(piece) for piece in pieces])).softmax(1).max(1)
            answers[fault] += best.tolist()
            sureness[fault] += sure.tolist()
    right = answers["as it should be"]
    return {
        name: {
            "same_first_answer_percent": round(
                100 * float(np.mean([a == b for a, b in zip(found, right, strict=True)])), 1
            ),
            "mean_probability_of_it_percent": round(100 * statistics.mean(sureness[name]), 1),
            "pieces": len(found),
        }
        for name, found in answers.items()
    }


def main() -> None:
    """Measure, and keep it in ``results/export.json``."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    speed: dict[str, Any] = {}
    with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(Path(folder) / "cache"))
        for name, (shape, batches) in CASES.items():
            model = pretrained(name)
            begin = time.perf_counter()
            all_of_them = runners(model, shape, folder)
            print(name, f"{time.perf_counter() - begin:.0f} s to export and compile", flush=True)
            for batch in batches:
                speed[f"{name}, {batch}"] = measured(all_of_them, torch.rand(batch, *shape))
                print(name, batch, speed[f"{name}, {batch}"], flush=True)
        results = {"speed": speed, "preparation": careless()}
    print(record("export", results, seed=SEED))


if __name__ == "__main__":
    main()
