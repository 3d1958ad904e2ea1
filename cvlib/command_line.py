"""What ``python -m cvlib`` does: train a network, make the package's weights, say what is here.

:mod:`cvlib.__main__` hands the words of the command line on to :func:`run`. A newcomer reads
``python -m cvlib --help``.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.utils.data import TensorDataset

import cvlib
from cvlib import augmentation, data
from cvlib.console import say
from cvlib.data import ImageSet
from cvlib.files import write_atomically
from cvlib.networks import (
    MLP,
    Detector,
    LeNet,
    LeNet5,
    PlainNet,
    TutorialNet,
    UNet,
    checkpoint,
    pretrained,
)
from cvlib.networks.lenet5 import lenet5_loss
from cvlib.networks.transfer import cut, extract, mobilenet_v2, train_last
from cvlib.practice.export import WithPreprocessing, to_onnx, to_torch, to_web
from cvlib.practice.model_card import DESCRIBED, model_card
from cvlib.recipes import PUBLISHED, RECIPES, digit_pixels, digits_on_photographs, fetch, train
from cvlib.records import RunResult, summary, write_record
from cvlib.tasks.detection import Scenes, average_precision_50, detection_loss
from cvlib.tasks.faces import WEIGHTS
from cvlib.tasks.overlap import mean_iou, pixel_and_region_loss
from cvlib.tasks.segmentation import LabelMaps
from cvlib.training import Evaluation, evaluate, fit, schedules
from cvlib.training.batches import Pictures
from cvlib.training.checkpoints import save_weights
from cvlib.training.data_parallel import process_group, processes
from cvlib.training.loop import Metric
from cvlib.training.losses import Loss
from cvlib.training.regularization import EarlyStopping

__all__ = ["NETWORKS", "parser", "run"]

Command = Callable[[argparse.Namespace, Sequence[str]], None]


class Network(NamedTuple):
    """How to make a network, and what it wants.

    Parameters
    ----------
    make
        Called with ``num_classes``.
    takes
        The shape of a picture, (channels, height, width).
    loss
        Its own loss, of outputs and targets; None for cross entropy.
    pretrained
        Whether ``make`` takes ``pretrained=True``, and then gives a network that has learnt from
        ImageNet and whose last layer is new.
    data
        What it learns from unless told otherwise.
    metrics
        What is measured of one that does not classify: functions of outputs and targets, by name.
    scenes
        Makes the scenes that it learns from, and those that it is tested on.
    """

    make: Callable[..., nn.Module]
    takes: tuple[int, int, int]
    loss: Loss | None = None
    pretrained: bool = False
    data: str = "mnist_sample"
    metrics: Mapping[str, Metric] | None = None
    scenes: Callable[[], tuple[Any, Any]] | None = None


NETWORKS = {
    "lenet": Network(LeNet, takes=(1, 28, 28)),
    "tutorial_net": Network(TutorialNet, takes=(3, 32, 32)),
    "plain_net": Network(PlainNet, takes=(3, 32, 32)),
    "lenet5": Network(LeNet5, takes=(1, 28, 28), loss=lenet5_loss),
    "mlp": Network(MLP, takes=(1, 28, 28)),
    "mobilenet_v2": Network(mobilenet_v2, takes=(3, 224, 224), pretrained=True),
    "detector": Network(
        Detector,
        takes=(3, 96, 96),
        loss=detection_loss,
        data="scenes",
        metrics={"average_precision_50": average_precision_50},
        scenes=digits_on_photographs,
    ),
    "unet": Network(
        UNet,
        takes=(3, 96, 96),
        loss=pixel_and_region_loss,
        data="scenes",
        metrics={"mean_iou": mean_iou},
        scenes=digit_pixels,
    ),
}

#: Networks that can be exported, those with weights in the package first, and what they take.
EXPORTED = {
    "lenet": (1, 28, 28),
    "lenet5": (1, 28, 28),
    "vit": (1, 28, 28),
    "small_net": (3, 32, 32),
    "plain_net": (3, 32, 32),
    "mobilenet_v2": (3, 224, 224),
    "mlp": (1, 28, 28),
    "tutorial_net": (3, 32, 32),
}
FORMATS = {"onnx": ".onnx", "torch": ".pt2", "web": ".html"}

FULL_SETS: dict[str, Callable[[str], ImageSet]] = {
    "mnist": data.mnist,
    "fashion_mnist": data.fashion_mnist,
    "cifar10": data.cifar10,
}

FOLDER = "folder:"
SCENES = "scenes"

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": partial(torch.optim.SGD, lr=0.1, momentum=0.9, nesterov=True),
    "adam": partial(torch.optim.Adam, lr=0.001),
    "adamw": partial(torch.optim.AdamW, lr=0.001),
}

SCHEDULES: dict[str, Callable[[int, int], float] | None] = {
    "constant": None,
    "cosine": schedules.cosine,
    "one_cycle": schedules.one_cycle,
}

AUGMENTATIONS = {
    name: getattr(augmentation, name)
    for name in (
        "random_horizontal_flip",
        "random_crop",
        "random_affine",
        "random_distortion",
        "random_erasing",
        "cutout",
    )
}

EXAMPLES = """\
examples:
  python -m cvlib info
      says which versions are here, where networks are trained, and which pictures were found
  python -m cvlib train lenet
      trains a network on the digits that come with the package, in a moment
  python -m cvlib export lenet --to web
      writes a page that reads a digit as one draws it
  python -m cvlib train --help
      all that can be trained, on what, and how
  python -m cvlib card lenet
      says what a network of the package is, how well it reads, and where it fails
"""
TRAIN_EXAMPLES = """\
examples:
  python -m cvlib train lenet
      learns 4,000 of the digits that come with the package, and reads 1,000 others
  python -m cvlib train lenet --data mnist --epochs 10 --schedule one_cycle
      full MNIST, the learning rate rising and falling once
  python -m cvlib train plain_net --data cifar10 --augment random_horizontal_flip random_crop
      colour photographs of animals and vehicles, each time shifted, and half of them mirrored
  python -m cvlib train lenet --data mnist --checkpoint runs/lenet.pt --resume
      goes on where it was interrupted; the same line starts it
  python -m cvlib train lenet --data mnist --seeds 3 --record three.json
      three runs, from seeds 0, 1 and 2: what each measured, their mean and how far they spread
  python -m cvlib train mobilenet_v2 --data folder:photos --pretrained --weights mine.safetensors
      your own pictures, photos/cat/1.jpg, photos/dog/2.jpg and so on: a network that has learnt
      from ImageNet gets a new last layer, which learns from four fifths of them
  python -m cvlib train detector --epochs 4 --record detector.json
      finds digits on photographs, made of what comes with the package, and says where they are
  python -m cvlib train unet --epochs 2 --batch-size 8 --lr 0.015 --schedule one_cycle
      learns which pixels of such photographs are of a digit
  torchrun --nproc_per_node=2 -m cvlib train lenet --data mnist
      two processes, on the CPU or on two GPUs, share every batch
"""
CHECKPOINT_EXAMPLES = """\
examples:
  python -m cvlib checkpoint lenet --output lenet.safetensors
      trains LeNet by the recipe of the package's own weights, and keeps the new ones in a file
  python -m cvlib checkpoint lenet
      the same, in place of the weights that came with the package
  python -m cvlib checkpoint mobilenet_v2 --output mobilenet_v2.safetensors
      downloads what torchvision trained on ImageNet, and keeps it in half the bytes
"""
EXPORT_EXAMPLES = """\
examples:
  python -m cvlib export lenet --to onnx
      writes lenet.onnx, which onnxruntime and OpenCV run, from Python, C++ and other languages
  python -m cvlib export mobilenet_v2 --to torch --output photographs.pt2
      writes what torch.export.load reads, without a line of the network's source
  python -m cvlib export lenet --to web
      writes lenet.html: open it in a browser and draw a digit
  python -m cvlib export mobilenet_v2 --to onnx --weights mine.safetensors
      the same of a network that you have trained, by python -m cvlib train --weights

The files for onnx and torch take decoded pictures as they are: uint8, (batch, height, width,
channels), RGB or one channel, of any size. All that is done to them is inside. The page is for
networks that read digits by layers which its script knows: lenet and mlp.
"""

CARD_EXAMPLES = """\
examples:
  python -m cvlib card lenet
      prints what LeNet is, how it was made, and how it does: by class, by thickness of strokes,
      under corruption, and on what it has never seen
  python -m cvlib card lenet --output lenet.md
      the same, into a file of Markdown
"""


def parser(prog: str = "python -m cvlib") -> argparse.ArgumentParser:
    """Describe the command line.

    Parameters
    ----------
    prog
        How it was called.

    Returns
    -------
    argparse.ArgumentParser
        With a help for every word. What it reads has two attributes more: ``run``, the function
        to call with it, and ``line``, the part that read it.

    Examples
    --------
    >>> parser().parse_args(["train", "lenet"]).epochs
    10
    """
    line = argparse.ArgumentParser(
        prog=prog,
        description="What the course on computer vision does from the command line.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = line.add_subparsers(title="commands", metavar="COMMAND")
    _add_train(commands)
    _add_checkpoint(commands)
    _add_export(commands)
    _add_card(commands)
    _add(commands, "info", _info, "Say which versions, which device and which pictures are here.")
    return line


def run(words: Sequence[str], prog: str = "python -m cvlib") -> None:
    """Do what a command line says.

    Parameters
    ----------
    words
        Those after the command's name.
    prog
        How it was called.

    Raises
    ------
    SystemExit
        If the words cannot be read, what they ask for cannot be done, or it was interrupted.
    """
    line = parser(prog)
    chosen = line.parse_args(words)
    if not hasattr(chosen, "run"):
        line.print_help()
        return
    try:
        chosen.run(chosen, words)
    except (ValueError, OSError, FloatingPointError, data.DataError) as error:
        chosen.line.exit(1, f"{chosen.line.prog}: {error}\n")


def _add(
    commands: Any, name: str, run: Command, description: str, examples: str | None = None
) -> argparse.ArgumentParser:
    line: argparse.ArgumentParser = commands.add_parser(
        name,
        help=f"{description[0].lower()}{description[1:-1]}",
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.set_defaults(run=run, line=line)
    return line


def _add_train(commands: Any) -> None:
    about = "Train a network on labelled pictures, and measure it on others."
    line = _add(commands, "train", _train, about, TRAIN_EXAMPLES)
    line.add_argument("network", choices=NETWORKS, help="what to train")
    what = line.add_argument_group("what to learn from")
    what.add_argument(
        "--data",
        type=_data,
        metavar="NAME",
        help="mnist_sample comes with the package, and scenes are made of what comes with it; "
        f"{', '.join(FULL_SETS)} are read from CVLIB_DATA, or downloaded; folder:PATH are your own "
        "pictures, in one folder for each class, and a fifth of them is held out as the test "
        "(default: mnist_sample, and scenes for detector and unet)",
    )
    what.add_argument(
        "--validation",
        type=_share,
        metavar="SHARE",
        help="hold out this share of the training pictures, from 0 to 1, and measure each epoch on "
        "it; the test pictures are then used once, at the end. For choosing settings",
    )
    how = line.add_argument_group("how to learn")
    how.add_argument(
        "--pretrained",
        action="store_true",
        help="begin with what mobilenet_v2 has learnt from ImageNet, and train a new last layer",
    )
    how.add_argument(
        "--unfreeze",
        type=int,
        default=0,
        metavar="BLOCKS",
        help="train so many of the last of its 19 blocks too, at a third of the rate (0)",
    )
    how.add_argument("--epochs", type=int, default=10, help="passes through the pictures (10)")
    how.add_argument("--batch-size", type=int, default=128, help="pictures a step (128)")
    how.add_argument("--optimizer", choices=OPTIMIZERS, default="adam", help="(adam)")
    how.add_argument("--lr", type=float, help="learning rate (0.001; 0.1 for sgd)")
    how.add_argument("--weight-decay", type=float, default=0.0, help="(0)")
    how.add_argument(
        "--schedule",
        choices=SCHEDULES,
        default="constant",
        help="how the learning rate changes from step to step (constant)",
    )
    how.add_argument("--label-smoothing", type=float, default=0.0, help="(0)")
    how.add_argument(
        "--augment",
        nargs="+",
        choices=AUGMENTATIONS,
        default=[],
        metavar="NAME",
        help=f"change the training pictures by chance: {', '.join(AUGMENTATIONS)}",
    )
    how.add_argument(
        "--early-stopping",
        type=int,
        metavar="EPOCHS",
        help="stop when so many epochs brought no progress; needs --validation",
    )
    how.add_argument("--seed", type=int, default=0, help="of weights, order and chance (0)")
    how.add_argument(
        "--seeds",
        type=_count,
        default=1,
        metavar="N",
        help="train N times, from --seed and the numbers after it (1)",
    )
    where = line.add_argument_group("where and how fast")
    where.add_argument("--device", help="cpu, cuda, cuda:1 or auto (CVLIB_DEVICE, else auto)")
    where.add_argument("--amp", choices=("bfloat16", "float16"), help="mixed precision")
    where.add_argument("--compile", action="store_true", help="use torch's compiler")
    where.add_argument(
        "--channels-last", action="store_true", help="keep the channels of a pixel side by side"
    )
    kept = line.add_argument_group("what to keep")
    kept.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="write the run here after each epoch"
    )
    kept.add_argument(
        "--resume", action="store_true", help="go on from --checkpoint, if it is there"
    )
    kept.add_argument("--weights", type=Path, metavar="FILE", help="trained weights, safetensors")
    kept.add_argument("--csv", type=Path, metavar="FILE", help="the table of epochs")
    kept.add_argument("--tensorboard", type=Path, metavar="FOLDER", help="curves for TensorBoard")
    kept.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="what was measured, from each seed and on average, with command, date, machine and "
        "versions, as JSON",
    )


def _add_checkpoint(commands: Any) -> None:
    about = "Make the weights that come with the package: train or fetch a network, and store them."
    line = _add(commands, "checkpoint", _checkpoint, about, CHECKPOINT_EXAMPLES)
    line.add_argument("name", choices=(*RECIPES, *PUBLISHED), help="the network")
    line.add_argument("--seed", type=int, default=0, help="default: 0")
    line.add_argument("--device", help="cpu, cuda or auto (default: CVLIB_DEVICE, else auto)")
    line.add_argument("--output", type=Path, metavar="FILE", help="default: in the package")


def _add_export(commands: Any) -> None:
    about = "Write a trained network as a file that runs without the source it was written in."
    line = _add(commands, "export", _export, about, EXPORT_EXAMPLES)
    line.add_argument("network", choices=EXPORTED, help="what to write")
    line.add_argument("--to", choices=FORMATS, required=True, help="what shall run it")
    line.add_argument(
        "--weights", type=Path, metavar="FILE", help="your own, safetensors (those of the package)"
    )
    line.add_argument(
        "--output", type=Path, metavar="FILE", help="default: NETWORK.onnx, .pt2 or .html"
    )


def _export(chosen: argparse.Namespace, words: Sequence[str]) -> None:
    """Write a network with what prepares its pictures, and say what the file takes and gives."""
    channels, height, width = EXPORTED[chosen.network]
    if chosen.to == "web" and (channels, height, width) != EXPORTED["lenet"]:
        raise ValueError(
            f"a page reads digits, 28 × 28 and grey; {chosen.network} takes "
            f"{height} × {width} in {channels} channels"
        )
    path = chosen.output or Path(f"{chosen.network}{FORMATS[chosen.to]}")
    model = _to_export(chosen.network, chosen.weights)
    try:
        if chosen.to == "web":
            to_web(model, path, example=torch.zeros(1, channels, height, width))
        else:
            # MobileNetV2 of ImageNet looks at the middle of a picture, others at a whole square.
            resize = 256 if chosen.network == "mobilenet_v2" and chosen.weights is None else height
            none, one = (0.0,) * channels, (1.0,) * channels
            whole = WithPreprocessing(model, resize=resize, crop=height, mean=none, std=one)
            write = to_onnx if chosen.to == "onnx" else to_torch
            example = torch.zeros(1, 2 * height, 3 * height, channels, dtype=torch.uint8)
            write(whole, path, example=example, dynamic={0: "batch", 1: "height", 2: "width"})
    except ModuleNotFoundError as error:
        raise ValueError(str(error)) from error
    takes = (
        "draw a digit on it"
        if chosen.to == "web"
        else f"takes uint8 pictures (batch, height, width, {channels})"
    )
    print(f"{path}: {path.stat().st_size:,} bytes; {takes}")


def _to_export(name: str, weights: Path | None) -> nn.Module:
    """Return a network with the weights of the package, or with the reader's own."""
    if weights is None:
        if name == "mobilenet_v2":
            return mobilenet_v2(pretrained=True).to(memory_format=torch.contiguous_format).eval()
        try:
            return pretrained(name)
        except ValueError:
            raise ValueError(
                f"{name} has no weights in the package; expected your own by --weights"
            ) from None
    if name not in NETWORKS:
        raise ValueError(f"{name} is not trained from the command line; leave out --weights")
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, framework="pt") as file:
            numbers = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            classes = (file.metadata() or {}).get("classes")
        model = NETWORKS[name].make(num_classes=len(classes.split(", ")) if classes else 10)
        model.load_state_dict(numbers)
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0].rstrip(":")
        raise ValueError(f"{weights}: holds no weights of {name}: {reason}") from error
    return model.to(memory_format=torch.contiguous_format).eval()


def _add_card(commands: Any) -> None:
    about = "Write the model card of a network that comes with the package."
    line = _add(commands, "card", _card, about, CARD_EXAMPLES)
    line.add_argument("name", choices=sorted(DESCRIBED), help="the network")
    line.add_argument("--output", type=Path, metavar="FILE", help="default: the console")


def _train(chosen: argparse.Namespace, words: Sequence[str]) -> None:
    """Train as the command line says, after what goes against itself was refused."""
    line, network = chosen.line, NETWORKS[chosen.network]
    chosen.data = chosen.data or network.data
    if (chosen.data == SCENES) != (network.data == SCENES):
        finds = ", ".join(name for name, each in NETWORKS.items() if each.data == SCENES)
        line.error(f"scenes are what {finds} learn from, and no other; --data is {chosen.data}")
    if chosen.early_stopping is not None and chosen.validation is None:
        line.error("--early-stopping needs --validation: the test pictures must not choose")
    if chosen.pretrained and not NETWORKS[chosen.network].pretrained:
        having = ", ".join(name for name, network in NETWORKS.items() if network.pretrained)
        line.error(f"--pretrained is of {having}; {chosen.network} has learnt nothing of ImageNet")
    if chosen.unfreeze and not chosen.pretrained:
        line.error("--unfreeze needs --pretrained: without it all blocks learn")
    if chosen.resume and chosen.checkpoint is None:
        line.error("--resume needs --checkpoint")
    for word in ("checkpoint", "weights", "csv", "tensorboard"):
        if chosen.seeds > 1 and getattr(chosen, word) is not None:
            line.error(f"--{word} keeps one run; leave out --seeds, or keep them by --record")
    if chosen.label_smoothing and NETWORKS[chosen.network].loss is not None:
        line.error(f"--label-smoothing is of cross entropy; {chosen.network} has its own loss")
    try:
        with process_group(chosen.device) as device:
            train_and_keep(chosen, words, device)
    except KeyboardInterrupt:
        kept = chosen.checkpoint
        stands = f"; {kept} stands, and --resume goes on from it" if kept and kept.exists() else ""
        line.exit(130, f"\ninterrupted{stands}\n")


def _checkpoint(chosen: argparse.Namespace, words: Sequence[str]) -> None:
    """Train a network by its recipe, or fetch it, and store its weights."""
    path = chosen.output or (WEIGHTS if chosen.name == "mtcnn" else checkpoint(chosen.name))
    command = f"python -m cvlib checkpoint {chosen.name}"
    if chosen.name in PUBLISHED:
        model, facts = fetch(chosen.name)
    else:
        model, facts = train(chosen.name, chosen.seed, chosen.device)
        command += f" --seed {chosen.seed}"
    save_weights(path, model, command=command, **facts)
    measured = [
        f"{_worded(key)} {value}" for key, value in facts.items() if key.startswith("test_")
    ]
    say(f"{path}: {', '.join(measured) or facts['source']}")


def _card(chosen: argparse.Namespace, words: Sequence[str]) -> None:
    """Write a model card to a file, or to the console."""
    card = model_card(chosen.name)
    if chosen.output is None:
        for line in card.splitlines():
            say(line)
        return
    write_atomically(chosen.output, card.encode())
    say(f"{chosen.output}: the card of {chosen.name}")


def _info(chosen: argparse.Namespace, words: Sequence[str]) -> None:
    """Say what is here, in a newcomer's words."""
    versions = {
        "cvlib": cvlib.__version__,
        "torch": torch.__version__,
        "torchvision": version("torchvision"),  # which takes 1.5 s to import
        "OpenCV": cv2.__version__,
        "Python": platform.python_version(),
    }
    for name, number in versions.items():
        say(f"{name:<12} {number}")
    try:
        place = cvlib.device()
        where = "the CPU" if place.type == "cpu" else torch.cuda.get_device_name(place)
        say(f"\nNetworks are trained on {where}, unless CVLIB_DEVICE or --device says otherwise.")
    except (RuntimeError, ValueError) as error:
        say(f"\nNetworks cannot be trained: {error}.")
    named = "is" if os.environ.get("CVLIB_DATA") else "is not"
    say(f"\nThe full data sets are looked for in {data.data_root()} (CVLIB_DATA {named} set):")
    for title, found in data.full_sets().items():
        absent = "not there; it is downloaded when it is first read"
        say(f"  {title:<13} {absent if found is None else f'found: {found}'}")
    say("5,000 digits come with the package, and need no folder and no network.")


def train_and_keep(chosen: argparse.Namespace, words: Sequence[str], device: str | None) -> None:
    """Train as the command line says, print what was measured, and write what was asked for.

    Parameters
    ----------
    chosen
        What :func:`parser` has read.
    words
        The command line, for the record.
    device
        Where to train.

    Raises
    ------
    ValueError
        If the network takes pictures of another shape than the data have.
    """
    train: ImageSet | Scenes | LabelMaps
    test: ImageSet | Scenes | LabelMaps
    network = NETWORKS[chosen.network]
    if network.scenes is not None:
        train, test = network.scenes()
    else:
        train, test = _sets(chosen.data, network.takes)
    shape = tuple(train.images.shape[1:])
    if shape != network.takes:
        raise ValueError(
            f"{chosen.network} takes pictures of shape {network.takes}; those of {chosen.data} "
            f"have {shape}"
        )
    runs = []
    for seed in range(chosen.seed, chosen.seed + chosen.seeds):
        run = train_from(seed, chosen, train, test, device)
        if run is None:
            continue
        runs.append(run)
        which = f"seed {seed}" if chosen.seeds > 1 else f"{run.history.table()}\n{test.source}"
        say(f"{which}: {_told(run.test)}", flush=True)
    if not runs:
        return
    results = summary(runs)
    if chosen.seeds > 1:
        for key in [key for key in results if key.endswith("_mean")]:
            mean, name = results[key], key.removesuffix("_mean")
            spread = results[f"{name}_standard_deviation"]
            said = f"mean {_worded(name)} {mean:.4f}, standard deviation {spread:.4f}"
            say(f"{test.source}: {said}")
    run = runs[0]
    if chosen.weights is not None:
        facts = {"data": train.source, "classes": ", ".join(train.classes)}
        save_weights(chosen.weights, run.model, command=_command(words), **facts)
    if chosen.csv is not None:
        run.history.to_csv(chosen.csv)
    if chosen.tensorboard is not None:
        run.history.to_tensorboard(chosen.tensorboard)
    if chosen.record is not None:
        results = {"network": chosen.network, "data": train.source, **results}
        place = next(run.model.parameters()).device
        write_record(
            chosen.record, results, command=_command(words), seed=chosen.seed, device=place
        )


def train_from(
    seed: int,
    chosen: argparse.Namespace,
    train: ImageSet | Scenes | LabelMaps,
    test: ImageSet | Scenes | LabelMaps,
    device: str | None,
) -> RunResult | None:
    """Train a network from one seed, and measure it.

    Parameters
    ----------
    seed
        Seed of weights, order and chance, and of what is held out.
    chosen
        What :func:`parser` has read.
    train, test
        The pictures.
    device
        Where to train.

    Returns
    -------
    RunResult or None
        None in a process that does not measure: any but the first that ``torchrun`` has started.
    """
    network = NETWORKS[chosen.network]
    begin = {"pretrained": True} if chosen.pretrained else {}
    classes = len(train.classes)
    learnt: Pictures = train
    held_out: Pictures | None = None
    tested: Pictures = test
    if chosen.validation is not None:
        learnt, held_out = train.split(test=chosen.validation, seed=seed)
    torch.manual_seed(seed)
    model = learns = network.make(num_classes=classes, **begin)
    if chosen.channels_last:
        model = model.to(memory_format=torch.channels_last)
    began = time.perf_counter()
    if chosen.pretrained:
        assert isinstance(model, nn.Sequential)
        model = learns = train_last(model.to(cvlib.device(device)), chosen.unfreeze)
        if not (chosen.unfreeze or chosen.augment):
            # What is frozen gives the same numbers for the same picture: once is enough.
            frozen, learns = cut(model)
            learnt, tested = (_features(frozen, each) for each in (learnt, tested))
            held_out = held_out and _features(frozen, held_out)
    history = fit(
        learns,
        learnt,
        held_out,
        epochs=chosen.epochs,
        batch_size=chosen.batch_size,
        optimizer=partial(_optimizer, chosen, model),
        schedule=SCHEDULES[chosen.schedule],
        loss=network.loss or partial(F.cross_entropy, label_smoothing=chosen.label_smoothing),
        metrics=None if held_out is None else network.metrics,
        augment=[AUGMENTATIONS[name] for name in chosen.augment],
        device=device,
        amp=chosen.amp or False,
        compile=chosen.compile,
        seed=seed,
        checkpoint=chosen.checkpoint,
        resume=chosen.resume,
        early_stopping=chosen.early_stopping and EarlyStopping(chosen.early_stopping),
    )
    seconds = time.perf_counter() - began
    if processes().rank:
        return None
    found = evaluate(learns, tested, loss=network.loss, metrics=network.metrics)
    return RunResult(seed, model, history, seconds, found)


def _worded(name: str) -> str:
    return name.replace("_", " ")


def _told(test: Evaluation) -> str:
    """Say what was measured on the test pictures."""
    accuracy = {} if test.accuracy is None else {"accuracy": test.accuracy}
    measured = {f"test {name}": value for name, value in (accuracy | {**test.metrics}).items()}
    return ", ".join(f"{_worded(key)} {value:.4f}" for key, value in measured.items()) + (
        f", loss {test.loss:.4f}"
    )


def _features(frozen: nn.Module, pictures: Pictures) -> TensorDataset:
    assert isinstance(pictures, ImageSet)
    return TensorDataset(extract(frozen, pictures.images), pictures.labels)


def _optimizer(
    chosen: argparse.Namespace, model: nn.Module, learning: Iterable[nn.Parameter]
) -> Optimizer:
    """Make the optimizer; what has learnt before goes on at a third of the rate."""
    rate = {} if chosen.lr is None else {"lr": chosen.lr}
    make = partial(
        OPTIMIZERS[chosen.optimizer], weight_decay=chosen.weight_decay, fused=True, **rate
    )
    if not chosen.unfreeze:
        return make(learning)
    new = list(model.get_submodule("classifier").parameters())
    old = [each for each in model.get_submodule("features").parameters() if each.requires_grad]
    optimizer = make([{"params": new}, {"params": old}])
    optimizer.param_groups[1]["lr"] /= 3
    return optimizer


def _sets(name: str, takes: tuple[int, int, int]) -> tuple[ImageSet, ImageSet]:
    """Return the pictures to learn from and those to test on."""
    if name.startswith(FOLDER):
        return _own_pictures(Path(name.removeprefix(FOLDER)), takes).split(test=0.2)
    if name == "mnist_sample":
        return data.mnist_sample().split(test=1000)
    return FULL_SETS[name]("train"), FULL_SETS[name]("test")


def _own_pictures(path: Path, takes: tuple[int, int, int]) -> ImageSet:
    """Read a folder of folders in the shape that a network takes, and say what was left out."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pictures = data.folder(path, size=takes[1:], crop=True, damaged="skip")
    for warning in caught:
        print(warning.message, file=sys.stderr)
    if len(pictures.classes) < 2:
        raise data.DataError(
            f"{path}: holds one class, {pictures.classes[0]}; expected two or more"
        )
    for name, count in zip(pictures.classes, pictures.labels.bincount().tolist(), strict=True):
        if count < 2:
            raise data.DataError(
                f"{path / name}: holds one picture; expected two or more, so that one can be held "
                "out and one learnt from"
            )
    if takes[0] == 3 and pictures.images.shape[1] == 1:
        pictures = replace(pictures, images=pictures.images.expand(-1, 3, -1, -1))
    return pictures


def _data(text: str) -> str:
    if text in ("mnist_sample", SCENES, *FULL_SETS) or text.removeprefix(FOLDER) not in (text, ""):
        return text
    names = ", ".join(("mnist_sample", *FULL_SETS, SCENES))
    raise argparse.ArgumentTypeError(f"{text} is none of {names}, nor folder:PATH")


def _command(words: Sequence[str]) -> str:
    started = "python" if processes().world_size == 1 else "torchrun"
    count = "" if started == "python" else f" --nproc_per_node={processes().world_size}"
    return f"{started}{count} -m cvlib {shlex.join(words)}"


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 up")
    return int(text)


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return share
