"""Train in processes that are killed: ``python -m tests.training.killing FOLDER``.

Each child trains in earnest and is sent SIGKILL at another moment; the next goes on from what the
dead one left. Torch is imported once, before the children are forked; nothing is computed here.
What is printed counts the kills by where they struck.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import torch
from torch import nn

from cvlib.data import digits
from cvlib.training import EarlyStopping, fit, one_cycle

EPOCHS = 6


def shifted(images, targets, generator):
    places = torch.randint(-1, 2, (len(images),), generator=generator)
    rolled = [
        torch.roll(image, int(place), -1) for image, place in zip(images, places, strict=True)
    ]
    return torch.stack(rolled), targets


def train(folder, checkpoint):
    """Train with all that draws by chance or keeps a state, and write the end of it."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten()),
        *(nn.Dropout(0.3), nn.Linear(144, 2000), nn.Dropout(0.3), nn.Linear(2000, 10)),
    )
    train_set, test_set = digits()[:300].split(test=100)
    history = fit(
        *(model, train_set, test_set),
        epochs=EPOCHS,
        batch_size=32,
        optimizer=partial(torch.optim.AdamW, lr=0.005),
        schedule=one_cycle,
        augment=shifted,
        early_stopping=EarlyStopping(patience=EPOCHS),
        device="cpu",
        checkpoint=checkpoint,
        resume=True,
    )
    end = {"weights": model.state_dict(), "table": history.table(), "draw": torch.rand(3)}
    torch.save(end, Path(folder, f"{checkpoint.stem}.end"))


def start(folder, checkpoint):
    child = os.fork()
    if child:
        return child
    try:
        train(folder, checkpoint)
    except BaseException as error:
        print(f"child: {type(error).__name__}: {error}", file=sys.stderr)
        os._exit(1)
    os._exit(0)


def ended(child):
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid and status:
        raise RuntimeError(f"a child ended with {status}")
    return bool(pid)


def main(folder):
    checkpoint, unfinished = Path(folder, "killed.pt"), Path(folder, ".killed.pt.unfinished")
    whole = start(folder, Path(folder, "whole.pt"))
    if os.waitpid(whole, 0)[1]:
        raise RuntimeError("the run that was left alone has failed")
    struck = {"at the start": 0, "while a checkpoint is written": 0, "between checkpoints": 0}
    # Seconds after the file has changed; None: as soon as the next one is being written.
    for delay in (0.0, None, 0.01, None, 0.06, None, 0.03):
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
        moment = "while a checkpoint is written" if delay is None else "between checkpoints"
        moment = "at the start" if delay == 0 else moment
        unfinished.unlink(missing_ok=True)
        child = start(folder, checkpoint)
        while not ended(child):
            time.sleep(0.0002)
            now = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
            if delay == 0:
                time.sleep(0.005)
                break
            if delay is None and unfinished.exists():
                break
            if delay is not None and now != before:
                time.sleep(delay)
                break
        else:
            break
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        struck[moment] += 1
    if os.waitpid(start(folder, checkpoint), 0)[1]:
        raise RuntimeError("the run could not be ended")
    print(struck)


if __name__ == "__main__":
    main(sys.argv[1])
