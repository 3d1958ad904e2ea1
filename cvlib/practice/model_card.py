"""A model card: what a network of the package is, how it was made, and how it does, by group.

``python -m cvlib card lenet`` writes it. The headings are those of Mitchell et al., as far as a
network of a course has something to say under them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence

import torch
from safetensors import safe_open
from torch import Tensor, nn

import cvlib
from cvlib.data import ImageSet, clothes_sample, drawn_letters, mnist_sample, slanted_digits
from cvlib.networks import checkpoint, pretrained
from cvlib.practice.corruptions import CORRUPTIONS, corrupt
from cvlib.practice.groups import GroupAccuracy, group_accuracies, stroke_widths, wilson_interval
from cvlib.practice.trust import fit_temperature, max_softmax
from cvlib.training.metrics import expected_calibration_error, roc_auc

__all__ = ["DESCRIBED", "MEASURED", "model_card"]

SEVERITY = 3  # of 5
SURE = 0.9
KEEP = 0.95  # of the digits that choose the threshold

# What a normalization layer keeps beside its parameters.
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")

_DIGITS = "a grey picture of a digit, light on dark, 1 × 28 × 28 numbers from 0 to 1"
_READS = "a number for each of the digits 0 to 9, the largest for its answer"
_COLOURS = "a colour picture, 3 × 32 × 32 numbers from 0 to 1"
_NAMES = "a number for each of the ten classes of CIFAR-10, the largest for its answer"
_SCENE = "a colour picture, 3 × 96 × 96 numbers from 0 to 1"
_PIXELS = "for each pixel a number for background and one for each digit"

#: What each network is, takes and answers.
DESCRIBED: dict[str, tuple[str, str, str]] = {
    "detector": ("finds digits on photographs", _SCENE, "15 numbers for each of 24 × 24 cells"),
    "lenet": ("reads handwritten digits; LeNet as it is taught today", _DIGITS, _READS),
    "lenet5": ("reads handwritten digits; LeNet-5 of 1998", _DIGITS, _READS),
    "lenet_robust": (
        "reads handwritten digits; LeNet, which has learnt from digits under attack",
        _DIGITS,
        _READS,
    ),
    "mobilenet_v2": (
        "names what a photograph shows; torchvision's MobileNetV2",
        "a colour picture, 3 × 224 × 224 numbers, normalised as torchvision does",
        "a number for each of 1,000 classes of ImageNet",
    ),
    "plain_net": ("names what small photographs show", _COLOURS, _NAMES),
    "small_net": ("names what small photographs show, with few parameters", _COLOURS, _NAMES),
    "unet": ("says which pixels of a photograph belong to a digit", _SCENE, _PIXELS),
    "unet_0": ("the same as unet, without levels", _SCENE, _PIXELS),
    "unet_1": ("the same as unet, with one level", _SCENE, _PIXELS),
    "unet_2": ("the same as unet, with two levels", _SCENE, _PIXELS),
    "unet_nuclei": (
        "says which pixels of a microscope's picture belong to a nucleus",
        "a grey picture, 1 × H × W numbers from 0 to 1, sides that 8 divides",
        "for each pixel a number for background and one for nucleus",
    ),
    "vit": ("reads handwritten digits; a vision transformer", _DIGITS, _READS),
}

#: The networks that are measured when the card is written.
MEASURED = ("lenet", "lenet5", "lenet_robust", "vit")

_GROUPS = {"thin, up to 2.5": 2.5, "medium, up to 3": 3.0, "thick, up to 3.5": 3.5}
_STROKES = (*_GROUPS, "very thick, above 3.5")
_LIMITS = (
    "Made for teaching. Do not let it decide anything about anyone.",
    "It has ten answers and no other. Whatever it is shown, it names a digit.",
    "Measured on digits of the set that it learnt from: scanned, centred and scaled in one way. "
    "What it does with digits from elsewhere was not measured here.",
    "Who wrote which digit is not known here, so nothing can be said of groups of writers.",
    "Some labels may be wrong, in what it learnt from and in what it is measured by.",
)


def model_card(name: str, model: nn.Module | None = None) -> str:
    r"""Write the card of a network that comes with the package.

    Parameters
    ----------
    name
        The network, a key of :data:`DESCRIBED`. Readers of digits (:data:`MEASURED`) are measured,
        which takes a few seconds; of others the card says what stands in their file.
    model
        A network to measure in place of a reader of digits, with the same inputs and outputs; it
        is set to evaluation mode. What the card says of the file still is of the package's.

    Returns
    -------
    str
        Markdown. The same network gives the same card on the same versions: there is no date in it,
        and chance comes from stated seeds.

    Raises
    ------
    ValueError
        If no network of that name has weights in the package, or a model is given for one that is
        not measured.

    References
    ----------
    Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, section 4.

    Examples
    --------
    >>> print("\n".join(model_card("unet_0").splitlines()[:5]))
    # Model card: unet_0
    <BLANKLINE>
    The same as unet, without levels.
    <BLANKLINE>
    | | |
    """
    path = checkpoint(name)
    if model is not None and name not in MEASURED:
        raise ValueError(
            f"model is given for {name}, which is not measured; expected one of "
            f"{', '.join(MEASURED)}"
        )
    what, takes, gives = DESCRIBED[name]
    with safe_open(path, "pt") as file:
        told: dict[str, str] = file.metadata() or {}
        stored_as = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118
        kinds = {str(each.get_dtype()) for each in stored_as.values()}
        parameters = sum(
            math.prod(each.get_shape())
            for key, each in stored_as.items()
            if not key.endswith(_STATISTICS)
        )
    network = pretrained(name) if name in MEASURED else nn.Identity()
    if name in MEASURED:  # a network may keep more numbers than it learns
        parameters = sum(each.numel() for each in network.parameters())
    stored = path.read_bytes()
    facts = [
        ("", ""),
        ("parameters", f"{parameters:,}"),
        ("file", f"{path.name}, {len(stored):,} bytes, stored as {' and '.join(sorted(kinds))}"),
        ("SHA-256 begins", hashlib.sha256(stored).hexdigest()[:16]),
        ("takes", takes),
        ("answers", gives),
    ]
    lines = [f"# Model card: {name}", "", f"{what[0].upper()}{what[1:]}.", "", *_table(facts)]
    lines += ["", "## How it was made", "", *_table(_making(told))]
    if name in MEASURED:
        lines += ["", "## How it does", "", *_measures(network if model is None else model.eval())]
        lines += ["", "## Limits", "", *(f"- {limit}" for limit in _LIMITS)]
    else:
        lines += ["", "## How it does", "", *_unmeasured(told)]
    licence = told.get("licence", "Apache-2.0, as the package")
    lines += ["", "## Licence", "", f"Of the weights: {licence}. Of the data: their owners'.", ""]
    return "\n".join(lines)


def _making(told: dict[str, str]) -> list[tuple[str, str]]:
    """Say what the file's header says of how the weights were made."""
    facts = [("", "")]
    for title, key in (
        ("data", "data"),
        ("command", "command"),
        ("with torch", "torch"),
        ("with cvlib", "cvlib"),
        ("from", "source"),
    ):
        if key in told:
            facts.append((title, f"`{told[key]}`" if key == "command" else told[key]))
    for key, value in sorted(told.items()):
        if key.startswith("test_"):
            facts.append((f"{key.replace('_', ' ')}, measured then", value))
    return facts


def _unmeasured(told: dict[str, str]) -> list[str]:
    """Say what is not known."""
    known = [key for key in told if key.startswith("test_")]
    stands = "The number above is an average" if known else "No number stands in its file"
    return [
        f"Not measured here. {stands}; this command measures readers of digits only.",
        "",
        "- accuracy by class, by group: not measured",
        "- calibration: not measured",
        "- under corruption: not measured",
        "- on what it has never seen: not measured",
        "",
        "What is not measured is not known to be well.",
    ]


def _measures(model: nn.Module) -> list[str]:
    """Measure a reader of digits, section by section."""
    _, test = mnist_sample().split(test=1000)
    choose, others = test[:500], test[500:]
    outputs = _outputs(model, test.images / 255)
    right = outputs.argmax(1) == test.labels
    number = torch.__version__.partition("+")[0]
    lines = [
        f"Measured by cvlib {cvlib.__version__} with torch {number} on 1,000 embedded digits of "
        "MNIST that it has not learnt from. Intervals are Wilson's, at 95 %.",
        "",
        f"**Accuracy {_share(int(right.sum()), len(test))}.**",
    ]
    classes = group_accuracies(right, test.labels, test.classes)
    lines += ["", "### By class", "", *_grouped("digit", classes)]
    edges = torch.tensor([*_GROUPS.values()], dtype=torch.float64)
    strokes = torch.bucketize(stroke_widths(test.images), edges)
    lines += ["", "### By the thickness of strokes, in pixels", ""]
    lines += _grouped("strokes", group_accuracies(right, strokes, _STROKES))
    lines += ["", "### Calibration", "", *_calibration(outputs, test.labels, len(choose))]
    lines += ["", f"### Under corruption, at severity {SEVERITY} of 5", ""]
    lines += _corrupted(model, others)
    lines += ["", "### On what it has never seen", "", *_strange(model, choose, others)]
    return lines


def _calibration(outputs: Tensor, labels: Tensor, choosing: int) -> Iterator[str]:
    rest, true = outputs[choosing:], labels[choosing:]
    ways = [("as they are", rest)]
    try:
        temperature = fit_temperature(outputs[:choosing], labels[:choosing])
        ways.append((f"divided by {temperature:.3f}", rest / temperature))
        fitted = f"the temperature was fitted on the first {choosing}"
    except ValueError:
        fitted = "no temperature makes the outputs fit"
    yield f"The last {len(true)} digits; {fitted}."
    yield ""
    rows = [("outputs", "says", "is right", "calibration error")]
    share = float((rest.argmax(1) == true).double().mean())
    for title, divided in ways:
        p = divided.softmax(1)
        error = float(expected_calibration_error(p, true))
        rows.append((title, f"{float(p.amax(1).mean()):.3f}", f"{share:.3f}", f"{error:.3f}"))
    yield from _table(rows)


def _corrupted(model: nn.Module, pictures: ImageSet) -> list[str]:
    found = []
    for kind in CORRUPTIONS:
        spoiled = corrupt(pictures.images / 255, kind, SEVERITY)
        right = int((_outputs(model, spoiled).argmax(1) == pictures.labels).sum())
        interval = wilson_interval(right, len(pictures))
        found.append(GroupAccuracy(kind.replace("_", " "), right, len(pictures), *interval))
    return _grouped("corruption", sorted(found, key=lambda each: each.right))


def _strange(model: nn.Module, choose: ImageSet, others: ImageSet) -> Iterator[str]:
    chosen, known = (_sure(model, each.images) for each in (choose, others))
    threshold = float(chosen.sort().values[int((1 - KEEP) * len(chosen))])
    yield (
        f"It passes a picture if its largest probability is {threshold:.3f} or more, which "
        f"{100 * KEEP:g} % of the first {len(chosen)} digits reach. Letters and clothes should not "
        "pass, digits should, the drawn ones too. AUC is the probability that one of the other "
        "digits scores above such a picture."
    )
    yield ""
    rows = [("pictures", "how many", f"sure, {SURE} or more", "pass", "AUC")]
    rows.append(("other digits of MNIST", *_passing(known, threshold), ""))
    for title, make in (
        ("drawn digits", slanted_digits),
        ("drawn letters", drawn_letters),
        ("clothes", clothes_sample),
    ):
        sure = _sure(model, make().images)
        labels = torch.cat([torch.ones_like(known), torch.zeros_like(sure)]).long()
        area = float(roc_auc(torch.cat([known, sure]), labels))
        rows.append((title, *_passing(sure, threshold), f"{area:.3f}"))
    yield from _table(rows)


def _passing(sure: Tensor, threshold: float) -> tuple[str, str, str]:
    shares = [f"{float((sure >= least).double().mean()):.1%}" for least in (SURE, threshold)]
    return f"{len(sure)}", shares[0].replace("%", " %"), shares[1].replace("%", " %")


def _sure(model: nn.Module, images: Tensor) -> Tensor:
    return max_softmax(_outputs(model, images / 255))


def _outputs(model: nn.Module, pictures: Tensor) -> Tensor:
    with torch.inference_mode():
        return torch.cat([model(part) for part in pictures.split(250)])


def _share(right: int, total: int) -> str:
    low, high = wilson_interval(right, total)
    return f"{right / total:.3f}, {right:,} of {total:,}, from {low:.3f} to {high:.3f}"


def _grouped(title: str, found: Sequence[GroupAccuracy]) -> list[str]:
    rows = [(title, "right", "of", "accuracy", "from", "to")]
    for each in found:
        numbers = (each.accuracy, each.low, each.high)
        counts = (f"{each.right}", f"{each.total}")
        accuracy, low, high = (f"{value:.3f}" for value in numbers)
        rows.append((each.name, *counts, accuracy, low, high))
    worst = min(found, key=lambda each: each.accuracy)
    return [*_table(rows), "", f"The worst: {worst.name}, {worst.accuracy:.3f}."]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *body = (f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in row)}|" for row in rows)
    return [head, f"|{' --- |' * len(rows[0])}", *body]
