"""What ImageNet's features are worth on CIFAR-10: ``python -m benchmarks.transfer``.

Of each class 10, 100 and 1,000 pictures are drawn to learn from; 100 others of each, the same ones
throughout, are the test. A linear layer, solved by ridge regression with a penalty of one per
picture, learns from the pixels, from the features of MobileNetV2, and from those of the same
network untrained. Then the network is trained further, from its last block to the whole, and once
from nothing. A plain network of 50,000 numbers, made for pictures of this size, learns from nothing
too. MobileNetV2 is shown the pictures enlarged from 32 to 64 pixels a side. ``--sizes 100`` leaves
out the other sizes.

What is frozen is computed once: a network of which few blocks learn begins behind the others. No
picture is augmented. The rates were chosen on training pictures that no other row uses
(``--choose``). Seeds draw the pictures, the weights and the order.

The record is written after each row, and what it holds already is not measured again. Delete
``results/transfer.json`` to begin anew.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from benchmarks.record import RESULTS, record
from cvlib.data import ImageSet, cifar10
from cvlib.networks import PlainNet
from cvlib.networks.cifar10 import SMALL_WIDTHS
from cvlib.networks.transfer import cut, extract, linear_probe, mobilenet_v2, train_last
from cvlib.recipes import PLAIN_NET
from cvlib.training import evaluate, fit, one_cycle

SEED = 0
SIDE = 64  # pixels, enlarged from 32
EPOCHS = {100: 5, 10: 15, 1000: 2}  # by pictures of each class
SMALL_EPOCHS = {10: 40, 100: 20, 1000: 6}
SEEDS = {10: 3, 100: 3, 1000: 1}
BATCH_SIZE = 50
HEAD_RATE, BODY_RATE = 0.001, 0.0003  # of Adam, at the top of its cycle
RATES = (0.0001, 0.0003, 0.001)
WHOLE, FEW = 19, 5  # blocks
SWEEP = (0, 1, 3, 8)  # blocks that learn, beside the few and the whole


def draw(pictures: ImageSet, each: int, seed: int) -> ImageSet:
    """Draw as many pictures of each class, by chance."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(pictures), generator=generator)
    labels = pictures.labels[order]
    chosen = [order[labels == label][:each] for label in range(len(pictures.classes))]
    return pictures[torch.cat(chosen)]


def enlarged(pictures: ImageSet) -> ImageSet:
    """Resize pictures to ``SIDE``, once."""
    big = [
        F.interpolate(part.float(), (SIDE, SIDE), mode="bilinear").round().byte()
        for part in pictures.images.split(1000)
    ]
    return ImageSet(torch.cat(big), pictures.labels, pictures.classes, pictures.source)


def trained_on(
    train: ImageSet,
    test: ImageSet,
    *,
    blocks: int,
    epochs: int,
    seed: int,
    pretrained: bool = True,
    update_statistics: bool = False,
    body_rate: float = BODY_RATE,
) -> float:
    """Train the head and the last blocks, and return the accuracy on the test pictures."""
    torch.manual_seed(seed)
    model = mobilenet_v2(len(train.classes), pretrained=pretrained)
    train_last(model, blocks, update_statistics=update_statistics)
    before, after = cut(model, blocks)
    learnt, others = (
        TensorDataset(extract(before, pictures.images), pictures.labels)
        for pictures in (train, test)
    )
    body = [weight for weight in model.features.parameters() if weight.requires_grad]
    groups = [{"params": list(model.classifier.parameters()), "lr": HEAD_RATE}]
    if body:
        groups.append({"params": body, "lr": body_rate})
    fit(
        after,
        learnt,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        optimizer=torch.optim.Adam(groups),
        schedule=one_cycle,
        seed=seed,
        progress=False,
    )
    return float(evaluate(after, others).accuracy or 0)


def from_nothing_small(train: ImageSet, test: ImageSet, *, epochs: int, seed: int) -> float:
    """Train a plain network for 32 × 32 pixels by the package's recipe, without augmentation."""
    torch.manual_seed(seed)
    model = PlainNet(SMALL_WIDTHS).to(memory_format=torch.channels_last)
    how = {**PLAIN_NET, "augment": None, "amp": False}
    fit(model, train, epochs=epochs, seed=seed, progress=False, **how)
    return float(evaluate(model, test).accuracy or 0)


def probed(features: tuple[Tensor, Tensor], train: ImageSet, test: ImageSet) -> float:
    """Solve a linear layer on features of training and test pictures, and measure it."""
    scale = features[0].std()  # those of an untrained network are of the order of 1e-9
    probe = linear_probe(features[0] / scale, train.labels, len(train.classes), len(train))
    return float((probe(features[1] / scale).argmax(1) == test.labels).double().mean())


def pixels(pictures: ImageSet) -> Tensor:
    return pictures.images.flatten(1).float() / 255


def several(
    measure: Callable[[int], float], seeds: Sequence[int], name: str, known: dict[str, Any]
) -> dict[str, Any]:
    """Measure from the seeds that a known row lacks, and say what came of each and of all."""
    accuracies = known.get("test_accuracies", [])[: len(seeds)]
    spent = known.get("processor_seconds", 0) * len(accuracies)
    began = time.process_time()
    accuracies = [*accuracies, *(round(measure(seed), 4) for seed in seeds[len(accuracies) :])]
    spent += time.process_time() - began
    row: dict[str, Any] = {
        "seeds": list(seeds),
        "test_accuracies": accuracies,
        "test_accuracy_mean": round(statistics.mean(accuracies), 4),
        "processor_seconds": round(spent / len(seeds), 1),
    }
    if len(accuracies) > 1:
        row["test_accuracy_standard_deviation"] = round(statistics.stdev(accuracies), 4)
    print(name, row, flush=True)
    return row


def known_rows(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the rows of the record, by pictures of each class, if it has the same settings."""
    path = RESULTS / "transfer.json"
    if not path.exists():
        return {}
    found = json.loads(path.read_text("utf-8"))["results"]
    rows: dict[str, Any] = found.pop("pictures")
    return rows if found == settings else {}


def choose(train: ImageSet) -> None:
    """Compare rates of the blocks on 50 training pictures of each class that are held out."""
    some = enlarged(draw(train, 150, seed=9))
    last = torch.arange(len(some)) % 150 >= 100  # the pictures come class by class
    for blocks in (FEW, WHOLE):
        for rate in RATES:
            accuracy = trained_on(
                some[~last], some[last], blocks=blocks, epochs=6, seed=SEED, body_rate=rate
            )
            print(f"{blocks} blocks at {rate}: {accuracy:.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choose", action="store_true", help="compare rates, and stop there")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=list(EPOCHS), help="pictures of a class, each"
    )
    parser.add_argument("--test", type=int, default=100, help="test pictures of a class (100)")
    chosen = parser.parse_args()
    everything = cifar10("train")
    if chosen.choose:
        choose(everything)
        return
    test = draw(cifar10("test"), chosen.test, seed=SEED)
    big_test = enlarged(test)
    pretrained = mobilenet_v2(pretrained=True)[:-1]
    torch.manual_seed(SEED)
    untrained = mobilenet_v2()[:-1]
    results: dict[str, Any] = {
        "data": everything.source,
        "side": SIDE,
        "test_pictures": len(test),
        "epochs": {str(each): EPOCHS[each] for each in chosen.sizes},
        "small_network_epochs": {str(each): SMALL_EPOCHS[each] for each in chosen.sizes},
        "batch_size": BATCH_SIZE,
        "head_rate": HEAD_RATE,
        "body_rate": BODY_RATE,
    }
    results["pictures"] = known_rows(results)
    for each in (size for size in EPOCHS if size in chosen.sizes):
        rows = results["pictures"].setdefault(str(each), {})
        sets = {seed: draw(everything, each, seed) for seed in range(SEED, SEED + SEEDS[each])}
        big = {seed: enlarged(pictures) for seed, pictures in sets.items()}

        def row(
            name: str, measure: Callable[[int], float], each: int = each, rows: dict = rows
        ) -> None:
            seeds = range(SEED, SEED + SEEDS[each])
            rows[name] = several(measure, seeds, f"{name}, {each}", rows.get(name, {}))
            record("transfer", results, seed=SEED)

        def on(seed: int, big: dict = big, epochs: int = EPOCHS[each], **how: Any) -> float:
            return trained_on(big[seed], big_test, epochs=epochs, seed=seed, **how)

        def probe(seed: int, net: nn.Module, sets: dict = sets, big: dict = big) -> float:
            features = extract(net, big[seed].images), extract(net, big_test.images)
            return probed(features, sets[seed], test)

        def small(seed: int, sets: dict = sets, epochs: int = SMALL_EPOCHS[each]) -> float:
            return from_nothing_small(sets[seed], test, epochs=epochs, seed=seed)

        row("pixels", lambda s, sets=sets: probed((pixels(sets[s]), pixels(test)), sets[s], test))
        row("untrained features", partial(probe, net=untrained))
        row("features", partial(probe, net=pretrained))
        row("last 5 blocks", partial(on, blocks=FEW))
        row("small network from nothing", small)
        row("all 19 blocks", partial(on, blocks=WHOLE))
        if each < 1000:
            nothing = {"pretrained": False, "update_statistics": True, "body_rate": HEAD_RATE}
            row("from nothing", partial(on, blocks=WHOLE, **nothing))
            for blocks in SWEEP:
                row(f"last {blocks} blocks", partial(on, blocks=blocks))
        if each == 100:
            updated = partial(on, blocks=WHOLE, update_statistics=True)
            row("all 19 blocks, statistics updated", updated)
            row("all 19 blocks, rate 0.001", partial(on, blocks=WHOLE, body_rate=HEAD_RATE))
    record("transfer", results, seed=SEED)


if __name__ == "__main__":
    main()
