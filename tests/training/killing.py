"""Train in processes that are killed: ``python -m tests.training.killing FOLDER``.

Each child trains in earnest and is ended by SIGKILL at another moment; the next goes on from what
the dead one left. The moments are counted, not waited for: a batch, or a checkpoint of which so
much has been written. Torch is imported once, before the children are forked; nothing is computed
here. What is printed says whether each of the moments came.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path

import torch
from torch import nn

from cvlib.data import digits
from cvlib.training import EarlyStopping, fit, one_cycle

EPOCHS = 6


# What was done since the fork, and what ends it: a batch of that number, or a file of that number
# of which that share has been written.
done = {"batches": 0, "files": 0}
end = {"batches": 0, "files": 0, "share": 1.0}


def count(what):
    done[what] += 1
    return done[what] == end[what]


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def write_and_perhaps_die(file, fsync=os.fsync):
    """Stand in for the call that ends the writing of a file and comes before it takes its name."""
    if count("files"):
        os.ftruncate(file, int(end["share"] * os.fstat(file).st_size))
        die()
    fsync(file)


def shifted(images, targets, generator):
    if count("batches"):
        die()
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


def run(folder, checkpoint, **moment):
    """Train in a child, up to a moment or to the end, and say whether it was killed."""
    child = os.fork()
    if not child:
        end.update(moment)
        os.fsync = write_and_perhaps_die
        try:
            train(folder, checkpoint)
        except BaseException as error:
            print(f"child: {type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status not in (0, signal.SIGKILL):
        raise RuntimeError(f"a child ended with {status}")
    return status == signal.SIGKILL


def main(folder):
    import torch._dynamo  # noqa: F401  An optimizer's first step does, for 4 s in every child.

    run(folder, Path(folder, "whole.pt"))
    moments = (  # an epoch has seven batches; a file is written before the first and after each
        {"files": 1, "share": 0.5},
        {"batches": 3},
        {"files": 1},
        {"batches": 10},
        {"files": 2, "share": 0.5},
        {"batches": 14},
        {"files": 1, "share": 0.0},
        {"batches": 8},
    )
    killed = [run(folder, Path(folder, "killed.pt"), **moment) for moment in moments]
    run(folder, Path(folder, "killed.pt"))
    print(killed)


if __name__ == "__main__":
    main(sys.argv[1])
