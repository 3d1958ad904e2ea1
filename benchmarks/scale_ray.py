"""Train LeNet by Ray Train on two processes: ``python -m benchmarks.scale_ray``.

Ray is not among what the package installs; ``uv pip install "ray[train]"`` adds it. On a cluster,
Ray starts the processes on its machines, and puts the process group together. What each of them
does is what ``torchrun`` would have it do.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cvlib.data import mnist_sample
from cvlib.networks import LeNet
from cvlib.training import fit


def train_lenet(model: nn.Module, settings: dict[str, Any]) -> None:
    """Train as in any chapter: where there are several processes, each takes its share."""
    fit(
        model,
        mnist_sample()[: settings["pictures"]],
        epochs=settings["epochs"],
        batch_size=settings["batch_size"],
        optimizer=partial(torch.optim.SGD, lr=settings["learning_rate"]),
        device="cpu",
        seed=settings["seed"],
    )


def learn(settings: dict[str, Any]) -> None:
    """Do what one of the processes does."""
    from ray import train

    torch.set_num_threads(1)
    torch.manual_seed(settings["seed"])
    model = LeNet()
    train_lenet(model, settings)
    context = train.get_context()
    found = {"rank": context.get_world_rank(), "processes": context.get_world_size()}
    with tempfile.TemporaryDirectory() as folder:
        torch.save(model.state_dict(), Path(folder, "weights.pt"))
        # Every process reports, and the first one brings the weights.
        kept = train.Checkpoint.from_directory(folder) if found["rank"] == 0 else None
        train.report(found, checkpoint=kept)


def main(settings: dict[str, Any], folder: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Start the processes, wait for them, and fetch what they report and the weights."""
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    trainer = TorchTrainer(
        learn,
        train_loop_config=settings,
        scaling_config=ScalingConfig(num_workers=2, use_gpu=False),
        torch_config=TorchConfig(backend="gloo"),
        run_config=RunConfig(storage_path=folder, name="lenet"),
    )
    result = trainer.fit()
    with result.checkpoint.as_directory() as place:
        return result.metrics, torch.load(Path(place, "weights.pt"))


if __name__ == "__main__":
    SETTINGS = {"pictures": 1024, "epochs": 2, "batch_size": 128, "learning_rate": 0.1, "seed": 0}
    with tempfile.TemporaryDirectory() as FOLDER:
        print(main(SETTINGS, FOLDER)[0])
