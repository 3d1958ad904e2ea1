"""Take one step alone and with another process, and keep it.

``python -m tests.training.parallel FOLDER`` forks one process and then two, with the settings that
torchrun gives, so that torch is imported once; the tests of the command line call torchrun itself.
"""

from __future__ import annotations

import os
import socket
import sys
import traceback
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import TensorDataset

from cvlib.data import digits
from cvlib.training import EarlyStopping, cosine, fit
from cvlib.training.data_parallel import process_group, processes

# With learning rate 1 and no momentum, what the weights lose in one step is the gradient.
GRADIENT = partial(torch.optim.SGD, lr=1.0)


def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(144, 10)
    return nn.Sequential(*layers)


def gradient(pictures, count, loss=None, accumulate=1):
    """Return the gradient of the mean loss of so many pictures, as `fit` has it, and the loss."""
    model, before = network(), network()
    pairs = zip(before.parameters(), model.parameters(), strict=True)
    settings = {"batch_size": count, "optimizer": GRADIENT, "loss": loss, "device": "cpu"}
    settings["accumulate"] = accumulate
    history = fit(model, pictures[:count], epochs=1, **settings)
    change = torch.cat([(old - new).flatten() for old, new in pairs]).detach()
    return torch.cat([change, torch.tensor(history.values("train_loss"))])


def learn(folder):
    torch.set_num_threads(1)
    train, test = digits()[:300].split(test=99)
    with process_group("cpu") as device:
        rank, count = processes()
        found = {"processes": count}
        for pictures in (32, 33, 1):  # shared evenly, unevenly, and too few for all
            found[f"gradient of {pictures}"] = gradient(train, pictures)
        weighted = nn.CrossEntropyLoss(torch.linspace(0, 3, 10), ignore_index=3)
        found["gradient of weights"] = gradient(train, 33, weighted)
        found["gradient of parts"] = gradient(train, 33, weighted, accumulate=3)
        hidden = gradient(train, 33, lambda y, t: weighted(y, t))
        found["loss of one's own"] = float(hidden[-1])
        model, again = network(), network()
        settings = {"epochs": 3, "batch_size": 50, "schedule": cosine, "device": device}
        settings |= {"optimizer": partial(torch.optim.Adam, lr=0.01)}
        settings |= {"early_stopping": EarlyStopping(patience=3)}
        path = Path(folder, f"{count}.pt")
        history = fit(model, train, test, checkpoint=path, **settings)
        found["history"] = [epoch.measures() for epoch in history.epochs]
        found["weights"] = torch.cat([value.flatten() for value in model.state_dict().values()])
        pairs = TensorDataset(train.images, train.labels)
        found["data set"] = fit(again, pairs, test, **settings).values("validation_loss")
        found["resumed"] = fit(
            network(), train, test, checkpoint=path, resume=True, **settings
        ).values("validation_loss")
        try:
            batch = torch.utils.data.DataLoader(pairs, batch_size=50)
            fit(model, batch, epochs=1, device=device)
        except ValueError as error:
            found["loader"] = str(error)
    torch.save(found, Path(folder, f"{count}-{rank}.found"))


def start(folder, **settings):
    child = os.fork()
    if not child:
        os.environ.update(settings)
        try:
            learn(folder)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def wait(*children):
    statuses = [os.waitpid(child, 0)[1] for child in children]
    if any(statuses):
        raise RuntimeError("a process failed")


def main(folder):
    import torch._dynamo  # noqa: F401  An optimizer's first step does, for 4 s in every child.

    wait(start(folder))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    shared |= {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    wait(*(start(folder, RANK=rank, LOCAL_RANK=rank, **shared) for rank in "01"))


if __name__ == "__main__":
    main(sys.argv[1])
