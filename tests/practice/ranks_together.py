"""Let two processes compare, train, and train while one is killed, for the tests beside.

``python -m tests.practice.ranks_together FOLDER`` forks all of them: torch is imported once.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import torch

from cvlib.data import ImageSet, mnist_sample
from cvlib.practice import ranks

KILLED_AFTER, PICTURES = 7, 640  # five steps an epoch


def train(folder: Path, kill: int | None, pictures: ImageSet) -> None:
    """Train, and leave a file behind at the end of a process, unless it was killed."""
    rank, life = (os.environ[name] for name in ("RANK", "TORCHELASTIC_RESTART_COUNT"))
    try:
        ranks.train(folder, kill, pictures)
    finally:
        folder.joinpath(f"ended-{rank}-{life}").touch()


def main(folder: str) -> None:
    torch.set_num_threads(1)
    import_module("torch._dynamo")  # an optimizer's first step does, for a second in each process
    place = Path(folder)
    pictures = mnist_sample()[:PICTURES]
    ranks.launch(ranks.compare, place / "found.json")
    for name, kill in (("whole", None), ("killed", KILLED_AFTER)):
        place.joinpath(name).mkdir()
        ranks.launch(train, place / name, kill, pictures, restarts=1)


if __name__ == "__main__":
    main(sys.argv[1])
