"""Take one step alone or with others, and keep it: run by torchrun, or by Python for one process.

``torchrun --standalone --nproc_per_node=2 -m tests.training.parallel FOLDER``
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import TensorDataset

from cvlib.data import digits
from cvlib.training import EarlyStopping, cosine, fit
from cvlib.training.data_parallel import joined, processes

# With learning rate 1 and no momentum, what the weights lose in one step is the gradient.
GRADIENT = partial(torch.optim.SGD, lr=1.0)


def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(144, 10)
    return nn.Sequential(*layers)


def gradient(pictures, count, loss=None):
    """Return the gradient of the mean loss of so many pictures, as `fit` has it, and the loss."""
    model, before = network(), network()
    pairs = zip(before.parameters(), model.parameters(), strict=True)
    settings = {"batch_size": count, "optimizer": GRADIENT, "loss": loss, "device": "cpu"}
    history = fit(model, pictures[:count], epochs=1, **settings)
    change = torch.cat([(old - new).flatten() for old, new in pairs]).detach()
    return torch.cat([change, torch.tensor(history.values("train_loss"))])


def main(folder):
    torch.set_num_threads(1)
    train, test = digits()[:300].split(test=99)
    with joined("cpu") as device:
        rank, count = processes()
        found = {"processes": count}
        for pictures in (32, 33, 1):  # shared evenly, unevenly, and too few for all
            found[f"gradient of {pictures}"] = gradient(train, pictures)
        weighted = nn.CrossEntropyLoss(torch.linspace(0, 3, 10), ignore_index=3)
        found["gradient of weights"] = gradient(train, 33, weighted)
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
        found["data set"] = fit(again, pairs, test, **settings).values("test_loss")
        found["resumed"] = fit(
            network(), train, test, checkpoint=path, resume=True, **settings
        ).values("test_loss")
        try:
            batch = torch.utils.data.DataLoader(pairs, batch_size=50)
            fit(model, batch, epochs=1, device=device)
        except ValueError as error:
            found["loader"] = str(error)
    torch.save(found, Path(folder, f"{count}-{rank}.found"))


if __name__ == "__main__":
    main(sys.argv[1])
