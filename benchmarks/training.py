"""How many pictures a second LeNet learns from: ``python -m benchmarks.training``.

One epoch of Fashion-MNIST, in batches of 256, by the textbook loop, by the trainer of Dive into
Deep Learning, by Lightning, and by `fit`. Lightning gets the tensors that `fit` has, `uint8` on the
device, and takes them a batch at a time. The sides take turns, one epoch a run. The two that read
pictures through a `DataLoader` have the number of workers that a trial before finds best for each;
the trainer is also run with the four that its book gives it.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytorch_lightning
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data import DataLoader, Sampler, TensorDataset
from torchvision import transforms

import cvlib
from benchmarks.record import record
from benchmarks.textbook import (
    MEAN,
    STD,
    d2l_epoch,
    d2l_transform,
    seconds_by_workers,
    textbook_epoch,
    textbook_transform,
)
from benchmarks.textbook import fashion_mnist as one_by_one
from benchmarks.turns import seconds_in_turns
from cvlib.data import ImageSet, fashion_mnist
from cvlib.networks import LeNet
from cvlib.training import evaluate, fit

SEED = 0
BATCH_SIZE = 256
D2L_WORKERS = 4  # `num_workers` of `DataModule`, section 3.2.3
TRIALS = 2  # epochs for each number of workers
WARM_UP = 1  # epochs a side that are not counted: caches and allocators fill, `compile` compiles

Side = Callable[[], nn.Module]


def network() -> nn.Module:
    torch.manual_seed(SEED)
    return LeNet().to(cvlib.device())


def by_textbook(pictures: torchvision.datasets.FashionMNIST, workers: int) -> nn.Module:
    model = network()
    batches = DataLoader(pictures, BATCH_SIZE, shuffle=True, num_workers=workers)
    textbook_epoch(model, batches, torch.optim.Adam(model.parameters()), cvlib.device())
    return nn.Sequential(transforms.Normalize((MEAN,), (STD,)), model)


def by_d2l(pictures: torchvision.datasets.FashionMNIST, workers: int) -> nn.Module:
    model = network()
    batches = DataLoader(pictures, BATCH_SIZE, shuffle=True, num_workers=workers)
    d2l_epoch(model, batches, torch.optim.SGD(model.parameters(), lr=0.1), cvlib.device())
    return model


class Lit(pytorch_lightning.LightningModule):
    """LeNet as Lightning wants it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """Return the loss of a batch."""
        images, labels = batch
        return F.cross_entropy(self.model(images.to(torch.float32).div_(255)), labels)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Make the optimizer."""
        return torch.optim.Adam(self.parameters(), fused=True)


class Batches(Sampler[Tensor]):
    """The positions of a batch at a time, so that indexing one tensor gathers the batch."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[Tensor]:
        return iter(torch.randperm(self.count).to(cvlib.device()).split(BATCH_SIZE))

    def __len__(self) -> int:
        return -(-self.count // BATCH_SIZE)


def by_lightning(train: ImageSet) -> nn.Module:
    model = network()
    trainer = pytorch_lightning.Trainer(
        max_epochs=1,
        accelerator="gpu" if train.images.is_cuda else "cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    # The loader neither collates nor batches: TensorDataset takes the positions of a whole batch.
    pictures = TensorDataset(train.images, train.labels)
    trainer.fit(Lit(model), DataLoader(pictures, batch_size=None, sampler=Batches(len(train))))
    return model


def by_fit(
    train: ImageSet, layout: torch.memory_format = torch.contiguous_format, **settings: object
) -> nn.Module:
    model = network().to(memory_format=layout)
    fit(model, train, epochs=1, batch_size=BATCH_SIZE, seed=SEED, progress=False, **settings)
    return model


def counted(side: Side) -> tuple[nn.Module, int]:
    """Run a side; return its model, and how many steps its optimizer has taken."""
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    handle = register_optimizer_step_post_hook(count)
    try:
        return side(), steps
    finally:
        handle.remove()


def same_steps(mine: int, theirs: int) -> None:
    if mine != theirs:
        raise RuntimeError(f"a side took {mine} steps, the first {theirs}")


def in_memory(train: ImageSet) -> dict[str, Side]:
    """Return the sides that take the tensors in memory; those of `fit` say what they change."""
    ours = partial(by_fit, train)
    fused = partial(ours, optimizer=partial(torch.optim.Adam, fused=True))
    channels_last = partial(fused, layout=torch.channels_last)
    return {
        "lightning": partial(by_lightning, train),
        "fit": ours,
        "fit_fused": fused,
        "fit_channels_last": channels_last,
        "fit_bfloat16": partial(fused, amp="bfloat16"),
        "fit_channels_last_bfloat16": partial(channels_last, amp="bfloat16"),
        "fit_compile": partial(fused, compile=True),
        "fit_channels_last_compile": partial(channels_last, compile=True),
    }


def times_as_many(seconds: dict[str, list[float]], reference: str) -> dict[str, object]:
    """Say how many times as many pictures a second as another side each of ours learns from."""
    ratios = {
        name: [theirs / mine for mine, theirs in zip(times, seconds[reference], strict=True)]
        for name, times in seconds.items()
        if name.startswith("fit")
    }
    return {
        "median": {name: round(statistics.median(r), 2) for name, r in ratios.items()},
        "quartiles": {
            name: [round(q, 2) for q in statistics.quantiles(r)[::2]] for name, r in ratios.items()
        },
    }


def seconds_to_compile(train: ImageSet) -> float:
    """Compile for the two sizes of batch that an epoch has, with nothing kept from before."""
    begin = time.perf_counter()
    by_fit(train[: BATCH_SIZE + len(train) % BATCH_SIZE], compile=True)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="epochs a side; default: 7")
    parser.add_argument("--pictures", type=int, default=60_000, help="an epoch; default: 60000")
    parser.add_argument("--no-compile", action="store_true", help="leave out what waits for it")
    chosen = parser.parse_args()
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    # That workers would be faster, and that there are more of them than cores.
    warnings.filterwarnings("ignore", module="pytorch_lightning|torch.utils.data")
    place = cvlib.device()
    train, test = (fashion_mnist(split)[: chosen.pictures] for split in ("train", "test"))
    train = train.to(place)
    results: dict[str, Any] = {
        "runs_a_side": chosen.runs,
        "pictures": len(train),
        "batch_size": BATCH_SIZE,
        "versions": {
            "torchvision": torchvision.__version__.partition("+")[0],
            "pytorch_lightning": pytorch_lightning.__version__,
        },
    }
    sides: dict[str, Side] = {}
    for name, side, transform in (
        ("textbook", by_textbook, textbook_transform()),
        ("d2l", by_d2l, d2l_transform()),
    ):
        pictures = one_by_one(transform, most=chosen.pictures)
        by_workers = seconds_by_workers(partial(side, pictures), TRIALS)
        workers = min(by_workers, key=by_workers.__getitem__)
        sides[name] = partial(side, pictures, workers)
        results[f"workers_{name}"] = workers
        results[f"pictures_a_second_{name}_by_workers"] = {
            number: round(len(train) / median) for number, median in by_workers.items()
        }
    sides["d2l_as_published"] = partial(by_d2l, pictures, D2L_WORKERS)
    sides |= in_memory(train)
    if chosen.no_compile:
        sides = {name: side for name, side in sides.items() if not name.endswith("compile")}
    else:
        results["seconds_to_compile"] = round(seconds_to_compile(train), 1)
    ends: dict[str, nn.Module] = {}

    def run(name: str) -> int:
        ends[name], steps = counted(sides[name])
        return steps

    seconds = seconds_in_turns(
        {name: partial(run, name) for name in sides},
        chosen.runs,
        warm_up=WARM_UP,
        agree=same_steps,
    )
    results["pictures_a_second"] = {
        name: round(len(train) / statistics.median(times)) for name, times in seconds.items()
    }
    results["fastest"] = max(results["pictures_a_second"].items(), key=lambda row: row[1])[0]
    results["times_as_many"] = {
        name: times_as_many(seconds, name) for name in seconds if not name.startswith("fit")
    }
    results["test_accuracy"] = {
        name: round(evaluate(model, test, device=place).accuracy, 4) for name, model in ends.items()
    }
    for name, values in results.items():
        print(name, values)
    record("training", results, seed=SEED)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder  # compile as if for the first time
        main()
