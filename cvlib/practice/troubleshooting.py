"""A doctor for networks that do not learn: it looks at one batch, and says what is wrong.

:func:`diagnose` asks what a patient friend would ask: what does the network see, do labels and
outputs fit, is the first loss right, does the gradient arrive, can it learn a few pictures by
heart? All of it happens to a copy, so neither weights nor statistics nor chance are moved.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.optim import LBFGS, Optimizer

from cvlib.arguments import integer

__all__ = ["diagnose"]

Loss = Callable[[Tensor, Tensor], Tensor]

LARGEST = 20.0  # of a pixel that was scaled; normalized pictures lie within 3 or so
NARROWEST = 0.05  # from the darkest to the lightest pixel of a batch
SAME = 1e-6  # outputs that are less apart, of their size, do not tell pictures apart
TOO_HIGH = 1.5  # first loss over the logarithm of the number of classes
MOSTLY_DEAD = 0.9  # share of a layer's units
ENOUGH = 0.75  # of the first loss; no constant answer gets there with labels of all kinds
RATES = (1e-3, 1e-2)  # of Adam, for learning by heart
CHANCE = 1e-3  # of labels that are all the same, where a batch is drawn well
REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, AssertionError)
ENDINGS = {"SigmoidBackward0": "sigmoid", "ReluBackward0": "ReLU", "HardtanhBackward0": "ReLU6"}
OTHER_SHAPES = ("View", "UnsafeView", "Squeeze", "Unsqueeze", "Permute", "Transpose", "Clone")


def diagnose(
    model: nn.Module,
    batch: Tensor,
    targets: Tensor,
    loss: Loss | None = None,
    *,
    optimizer: Optimizer | None = None,
    steps: int = 60,
    pictures: int = 16,
) -> list[str]:
    """Look for what keeps a network from learning, and say it in plain sentences.

    Everything is tried on a copy: weights, gradients, running statistics, the optimizer's state and
    torch's random numbers stay as they are. It takes one pass through the batch, and at most three
    times ``steps`` steps with a few pictures. What it cannot see: labels that are wrong but fit,
    and units that are switched off by another function than the layer ``nn.ReLU``. What it may
    suspect without need: a rate that a warm-up still holds small, and what sixty steps do not
    reach, as numbers far from 0, or a small head upon a frozen body.

    Parameters
    ----------
    model
        The network, as it is when training begins, in the mode in which it trains.
    batch
        (N, ...), pictures as the network gets them.
    targets
        For classes (N,), ``int64``, or (N, H, W) for label maps; for numbers, the shape of the
        outputs.
    loss
        A function of outputs and targets to one number. Without it, cross entropy.
    optimizer
        The one that will be used. Then it is also looked at whether it holds the network's
        parameters, and whether its rate moves the loss (not for ``LBFGS``, which asks for more
        than a gradient).
    steps
        How many steps the network has for learning a few pictures by heart; 0 leaves that out.
    pictures
        How many pictures these are, from the batch's begin.

    Returns
    -------
    list of str
        A sentence for each finding, without the dot at its end; empty where nothing was found.

    Raises
    ------
    TypeError
        If the model is no module, or batch or targets are no tensors.
    ValueError
        If the batch is empty, or steps or pictures is too small.

    References
    ----------
    Karpathy, "A recipe for training neural networks", 2019.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> batch, labels = torch.rand(16, 64), torch.arange(16) % 10
    >>> model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    >>> diagnose(model, batch, labels)
    []
    >>> diagnose(nn.Sequential(model, nn.Softmax(1)), batch, labels, steps=0)
    ['each row of outputs adds up to 1: the network ends in a softmax, and cross entropy applies \
its own; leave the first one out']
    """
    for name, value, kind in (
        ("model", model, nn.Module),
        ("batch", batch, Tensor),
        ("targets", targets, Tensor),
    ):
        if not isinstance(value, kind):
            raise TypeError(f"{name} is a {type(value).__name__}; expected a {kind.__name__}")
    if batch.ndim < 1 or len(batch) == 0:
        raise ValueError(f"batch has shape {tuple(batch.shape)}; expected at least one picture")
    steps, pictures = integer("steps", steps), integer("pictures", pictures, least=1)

    found = [*_of_the_batch(batch), *_of_the_settings(model), *_of_the_optimizer(model, optimizer)]
    on_gpus = sorted({each.device.index or 0 for each in model.parameters() if each.is_cuda})
    with torch.random.fork_rng(on_gpus), torch.enable_grad():
        torch.manual_seed(0)
        try:
            patient = copy.deepcopy(model)
        except (RuntimeError, TypeError) as error:
            return [
                *found,
                f"the network cannot be copied, so it is not tried: {_first_line(error)}",
            ]
        found += _of_a_pass(patient, batch, targets, loss)
        if steps and not found:  # a network with a fault that is known need not be tried
            few = batch[:pictures], targets[:pictures]
            found += _of_learning_by_heart(model, *few, loss or F.cross_entropy, optimizer, steps)
    return found


def _of_the_batch(batch: Tensor) -> Iterator[str]:
    if not batch.is_floating_point():
        yield (
            f"the batch holds {batch.dtype}; expected floating-point numbers, as "
            "batch.float() / 255 makes them"
        )
        return
    if not batch.isfinite().all():
        yield "the batch holds nan or infinity; a picture of one colour divided by its deviation?"
        return
    low, high = (float(each) for each in batch.aminmax())
    if low == high:
        yield f"all numbers of the batch are {low:g}"
    elif len(batch) > 1 and torch.equal(batch[:1].expand_as(batch), batch):
        yield f"all {len(batch)} pictures of the batch are the same"
    elif high - low < NARROWEST:
        yield (
            f"the numbers of the batch lie between {low:.3g} and {high:.3g}; were they divided by "
            "255 twice?"
        )
    elif max(-low, high) > LARGEST:
        yield (
            f"the numbers of the batch go from {low:.3g} to {high + 0:.3g}; scale them, as to 0 to "
            "1 by / 255"
        )


def _of_the_settings(model: nn.Module) -> Iterator[str]:
    asleep, moving = [], []
    for name, layer in model.named_modules():
        if not isinstance(layer, _DropoutNd | _BatchNorm):
            continue
        frozen = _is_frozen(model, name)
        drops = isinstance(layer, _DropoutNd) and layer.p > 0
        norms = isinstance(layer, _BatchNorm)
        if not layer.training and not frozen and (drops or norms):
            asleep.append(name)
        if layer.training and frozen and norms and layer.track_running_stats:
            moving.append(name)
    if asleep:
        yield f"{_listed(asleep)} in evaluation mode; call model.train() before training"
    if moving:
        yield (
            f"{_listed(moving)} frozen, but running statistics still move; put frozen layers into "
            "evaluation mode"
        )
    if not any(each.requires_grad for each in model.parameters()):
        yield "no parameter asks for a gradient: all of the network is frozen"


def _is_frozen(model: nn.Module, name: str) -> bool:
    """Say whether a layer is frozen; one without weights is where what surrounds it is."""
    while True:
        weights = [*model.get_submodule(name).parameters()]
        if weights or not name:
            return bool(weights) and not any(each.requires_grad for each in weights)
        name = name.rpartition(".")[0]


def _of_the_optimizer(model: nn.Module, optimizer: Optimizer | None) -> Iterator[str]:
    if optimizer is None:
        return
    held = {id(each): each for group in optimizer.param_groups for each in group["params"]}
    own = {id(each) for each in model.parameters()}
    missing = [
        name
        for name, each in model.named_parameters()
        if each.requires_grad and id(each) not in held
    ]
    if missing:
        yield (
            f"the optimizer does not hold {_listed(missing, verb=False)}; make it after the last "
            "change of the network"
        )
    strangers = len(held.keys() - own)
    if strangers:
        yield f"the optimizer holds {strangers} tensors that are not of this network"
    if any(not each.requires_grad and each.grad is not None for each in held.values()):
        yield (
            "frozen parameters keep an old gradient, which the optimizer still follows; set their "
            "grad to None"
        )
    if any(float(group["lr"]) == 0 for group in optimizer.param_groups):
        yield "the rate of the optimizer is 0; that is right only where a warm-up begins"


def _of_a_pass(
    model: nn.Module, batch: Tensor, targets: Tensor, loss: Loss | None
) -> Iterator[str]:
    shares: dict[str, float] = {}
    _watch_units(model, shares)  # a copy, so nobody takes the hooks away
    try:
        outputs = model(batch)
    except REFUSALS as error:
        yield f"the network refuses the batch: {_first_line(error)}"
        return
    if not isinstance(outputs, Tensor):
        yield f"the network returns a {type(outputs).__name__}, and no tensor"
        return
    measure = loss or F.cross_entropy
    classes = _asks_for_classes(outputs, targets, measure)
    unfit = [*(_of_labels if classes else _of_numbers)(outputs, targets, measure)]
    yield from unfit
    if not outputs.isfinite().all():
        yield "the outputs hold nan or infinity"
        return
    for name, share in shares.items():
        if share >= MOSTLY_DEAD:
            yield f"{share:.0%} of the units of {name or 'the ReLU'} are 0 for every picture"
    if unfit:
        return
    try:
        first = measure(outputs, targets)
    except REFUSALS as error:
        yield f"the loss refuses outputs and targets: {_first_line(error)}"
        return
    if first.ndim:
        yield f"the loss has shape {tuple(first.shape)}; expected one number, as a mean is"
        return
    if not first.isfinite():
        yield f"the first loss is {first.item():g}"
        return
    if classes:  # by cross entropy: the loss itself may be a sum, or weighted
        ignored = getattr(measure, "ignore_index", -100)
        price = F.cross_entropy(outputs.detach(), targets, ignore_index=ignored).item()
        knows_nothing = math.log(outputs.shape[1])
        if price > TOO_HIGH * knows_nothing:
            yield (
                f"the first loss is {price:.3g}; a network that knows nothing pays "
                f"ln {outputs.shape[1]} = {knows_nothing:.3f}"
            )
    yield from _of_gradients(model, first)


def _asks_for_classes(outputs: Tensor, targets: Tensor, loss: Loss) -> bool:
    if loss is F.cross_entropy or isinstance(loss, nn.CrossEntropyLoss | nn.NLLLoss):
        return outputs.ndim > 1
    return not targets.is_floating_point() and outputs.ndim == targets.ndim + 1


def _of_labels(outputs: Tensor, targets: Tensor, loss: Loss) -> Iterator[str]:
    count = outputs.shape[1]
    if targets.is_floating_point() and targets.shape == outputs.shape:
        yield from _of_logits(outputs, loss)
        return  # probabilities instead of labels, as mixup makes them
    expected = (len(outputs), *outputs.shape[2:])
    if targets.shape != expected:
        yield f"the labels have shape {tuple(targets.shape)}; expected {expected}"
    if targets.dtype not in (torch.int64, torch.uint8):
        yield f"the labels are {targets.dtype}; expected torch.int64, as labels.long() makes them"
        return
    ignored = getattr(loss, "ignore_index", -100)
    labels = targets[targets != ignored]
    if labels.numel() == 0:
        yield "no label counts: all of them are ignored"
        return
    low, high = (int(each) for each in labels.aminmax())
    if low < 0 or high >= count:
        yield f"the labels go from {low} to {high}; {count} outputs know 0 to {count - 1}"
    elif low == high and count > 1 and float(count) ** (1 - len(targets)) <= CHANCE:
        yield f"all {labels.numel()} labels are {low}; is the set sorted, and not shuffled?"
    yield from _of_logits(outputs, loss)


def _of_logits(outputs: Tensor, loss: Loss) -> Iterator[str]:
    """Tell from their numbers, and from what made them, that outputs are no logits."""
    ending, outputs = _ending(outputs), outputs.detach()
    if isinstance(loss, nn.NLLLoss):
        if not _adds_up(outputs.exp()):
            yield "NLLLoss expects logarithms of probabilities; end the network in log_softmax"
        return
    if not (loss is F.cross_entropy or isinstance(loss, nn.CrossEntropyLoss)):
        return
    if outputs.shape[1] == 1:
        yield (
            "the network has one output, and cross entropy of one class is always 0; for yes or no "
            "take binary_cross_entropy_with_logits"
        )
        return
    low, high = (float(each) for each in outputs.aminmax())
    if low >= 0 and _adds_up(outputs):
        yield (
            "each row of outputs adds up to 1: the network ends in a softmax, and cross entropy "
            "applies its own; leave the first one out"
        )
    elif ending and high > 0:
        yield f"the network ends in a {ending}: no output is below 0, but logits need both signs"


def _ending(outputs: Tensor) -> str | None:
    """Name the sigmoid or ReLU that made the outputs, before changes of shape; None for others."""
    node = outputs.grad_fn
    while node and node.name().removesuffix("Backward0") in OTHER_SHAPES:
        node = node.next_functions[0][0]
    return ENDINGS.get(node.name()) if node else None


def _adds_up(outputs: Tensor) -> bool:
    sums = outputs.sum(1)
    return bool(torch.allclose(sums, torch.ones_like(sums), atol=1e-3))


def _of_numbers(outputs: Tensor, targets: Tensor, loss: Loss) -> Iterator[str]:
    if outputs.shape == targets.shape:
        return
    try:
        together = tuple(torch.broadcast_shapes(outputs.shape, targets.shape))
    except RuntimeError:
        return  # the loss refuses them
    yield (
        f"outputs {tuple(outputs.shape)} and targets {tuple(targets.shape)} are spread to "
        f"{together}: each is compared with each; make the shapes equal"
    )


def _of_gradients(model: nn.Module, first: Tensor) -> Iterator[str]:
    asking = {name: each for name, each in model.named_parameters() if each.requires_grad}
    if not asking:
        return
    if not first.requires_grad:
        yield "the loss knows no way back to the weights: was it cut by detach, item or no_grad?"
        return
    try:
        first.backward(inputs=[*asking.values()])  # what else the loss holds is not ours
    except RuntimeError as error:
        yield f"backward fails: {_first_line(error)}"
        return
    unreached = [name for name, each in asking.items() if each.grad is None]
    if unreached:
        yield (
            f"no gradient reaches {_listed(unreached, verb=False)}: not used, or cut off by detach"
        )
    broken = [
        name
        for name, each in asking.items()
        if each.grad is not None and not each.grad.isfinite().all()
    ]
    if broken:
        yield f"the gradient of {_listed(broken, verb=False)} is nan or infinite"


def _of_learning_by_heart(
    model: nn.Module,
    batch: Tensor,
    targets: Tensor,
    loss: Loss,
    optimizer: Optimizer | None,
    steps: int,
) -> Iterator[str]:
    if optimizer is not None and not isinstance(optimizer, LBFGS):
        # Together, so that the copied optimizer holds the copied weights.
        patient, its = copy.deepcopy((model, optimizer))
        losses = _train(patient, batch, targets, loss, its, steps)
        rates = ", ".join(sorted({f"{float(group['lr']):g}" for group in its.param_groups}))
        if not math.isfinite(losses[-1]) or losses[-1] > TOO_HIGH * max(losses[0], 0.1):
            yield (
                f"with this optimizer the loss of {len(batch)} pictures goes from {losses[0]:.3g} "
                f"to {losses[-1]:.3g}; lower its rate, {rates}"
            )
            return
        if losses[-1] > 0.99 * losses[0] and losses[0] > 0.1:
            yield (
                f"with this optimizer the loss of {len(batch)} pictures stays at {losses[0]:.3g} "
                f"for {steps} steps; raise its rate, {rates}, if nothing else is found"
            )
    for rate in RATES:
        patient = copy.deepcopy(model)
        adam = torch.optim.Adam([p for p in patient.parameters() if p.requires_grad], lr=rate)
        losses = _train(patient, batch, targets, loss, adam, steps)
        untouched = [
            name
            for name, each in patient.named_parameters()
            if each.ndim > 1 and each.grad is not None and not each.grad.any()
        ]
        if _learnt(losses):
            break
    else:
        yield (
            f"it cannot learn {len(batch)} pictures by heart: after {len(losses) - 1} steps the "
            f"loss went from {losses[0]:.3g} to {losses[-1]:.3g}"
        )
        answers = patient(batch).detach()
        if len(batch) > 1 and (answers - answers[:1]).abs().max() <= SAME * (
            1 + answers.abs().max()
        ):
            yield "the outputs are the same for all pictures, although the pictures differ"
    if untouched:
        yield f"the gradient of {_listed(untouched, verb=False)} is 0"


def _train(
    model: nn.Module,
    batch: Tensor,
    targets: Tensor,
    loss: Loss,
    optimizer: Optimizer,
    steps: int,
) -> list[float]:
    """Make steps until the pictures are learnt; return the loss before each, and the last."""
    losses: list[float] = []
    learning = [each for each in model.parameters() if each.requires_grad]
    for step in range(steps + 1):
        value = loss(model(batch), targets)
        losses.append(float(value.detach()))
        if step == steps or not value.isfinite() or (step >= 3 and _learnt(losses)):
            break
        optimizer.zero_grad()
        value.backward(inputs=learning)
        optimizer.step()
    return losses


def _learnt(losses: Sequence[float]) -> bool:
    return losses[-1] <= max(ENOUGH * losses[0], 0.1)


def _watch_units(model: nn.Module, shares: dict[str, float]) -> None:
    """Have the share of each ReLU's units that are 0 for all of a batch written down."""

    def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def look(layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
            if output.ndim > 1 and len(output) > 3:
                units = output.detach().transpose(0, 1).flatten(1)
                shares[name] = float((units == 0).all(1).float().mean())

        return look

    for name, layer in model.named_modules():
        if isinstance(layer, nn.ReLU | nn.ReLU6):
            layer.register_forward_hook(watch(name))


def _listed(names: Sequence[str], *, verb: bool = True) -> str:
    """Name the first three, and say how many more there are."""
    shown = ", ".join(name or "the network" for name in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return shown + more + ((" is" if len(names) == 1 else " are") if verb else "")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
