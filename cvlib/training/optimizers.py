"""Optimizers: stochastic gradient descent with momentum, and those that adapt each number's rate.

Each optimizer is a :class:`torch.optim.Optimizer` with torch's arguments, steps and state: either
goes on with what the other has saved. Behind SGD stand those that give each number a rate of its
own, by the size of its gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.optim import Optimizer

from cvlib.arguments import number
from cvlib.layers.normalization import BatchNorm2d

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "DenseOptimizer",
    "RMSprop",
    "parameter_groups",
]

Parameters = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
Group = dict[str, Any]
_FROM_0 = ("lr", "weight_decay", "momentum", "eps", "lr_decay", "initial_accumulator_value")
_SHARES = ("alpha", "rho", "betas")
_NORMALIZATIONS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, BatchNorm2d)


class DenseOptimizer(Optimizer):
    """What the optimizers of the course share: everything but the update of one parameter.

    A subclass writes :meth:`update`. Arguments are checked for each group of parameters, those that
    a group brings itself included.

    Parameters
    ----------
    params
        The parameters to move, or groups of them, as :class:`torch.optim.Optimizer` takes them.
    defaults
        The arguments of groups that do not bring their own.
    """

    def __init__(self, params: Parameters, defaults: Group) -> None:
        super().__init__(params, defaults)

    def add_param_group(self, param_group: Group) -> None:
        """Add a group of parameters, with arguments of its own where it brings them.

        Parameters
        ----------
        param_group
            The parameters under ``"params"``, and arguments by name.

        Raises
        ------
        TypeError
            If a parameter is no tensor of floating-point numbers, or an argument no number.
        ValueError
            If an argument is out of its range.
        """
        if isinstance(param_group, dict):
            _check_group({**self.defaults, **param_group})
        super().add_param_group(param_group)
        for parameter in self.param_groups[-1]["params"]:
            if not parameter.is_floating_point():
                self.param_groups.pop()
                raise TypeError(f"params has {parameter.dtype}; expected floating-point numbers")

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient.

        Parameters
        ----------
        closure
            A function that computes the loss and its gradients anew, called first.

        Returns
        -------
        Any
            What ``closure`` gives, or None.

        Raises
        ------
        ValueError
            If a gradient is sparse.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if parameter.grad.layout != torch.strided:
                    raise ValueError("params has a sparse gradient; expected a dense one")
                gradient = -parameter.grad if group.get("maximize") else parameter.grad
                if group["weight_decay"]:
                    gradient = self.decay(parameter, gradient, group)
                self.update(parameter, gradient, group)
        return loss

    def decay(self, parameter: Tensor, gradient: Tensor, group: Group) -> Tensor:
        """Let large weights shrink.

        Parameters
        ----------
        parameter, gradient
            What is moved, and the loss's derivative with respect to it.
        group
            Its arguments.

        Returns
        -------
        Tensor
            The gradient of the loss with half of ``weight_decay`` times the sum of squares added:
            L2. With ``decoupled_weight_decay`` the parameter has been shrunk instead, and the
            gradient is as it came.
        """
        if group.get("decoupled_weight_decay"):
            parameter *= 1 - group["lr"] * group["weight_decay"]
            return gradient
        return gradient + group["weight_decay"] * parameter

    def update(self, parameter: Tensor, gradient: Tensor, group: Group) -> None:
        """Move one parameter.

        Parameters
        ----------
        parameter
            What is moved, in place.
        gradient
            The loss's derivative with respect to it; not to be changed.
        group
            The arguments, by name.

        Raises
        ------
        NotImplementedError
            Unless a subclass writes it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update; expected one")

    def memory(self, parameter: Tensor, name: str, start: float = 0.0) -> Tensor:
        """Return what is remembered of a parameter from step to step.

        Parameters
        ----------
        parameter
            The parameter.
        name
            Under which the state holds it.
        start
            What it is filled with at first.

        Returns
        -------
        Tensor
            As ``parameter``; to be changed in place.
        """
        state: dict[str, Tensor] = self.state[parameter]
        if name not in state:
            state[name] = torch.full_like(parameter, start)
        return state[name]

    def count(self, parameter: Tensor) -> int:
        """Count one more step of a parameter.

        Parameters
        ----------
        parameter
            The parameter.

        Returns
        -------
        int
            How many steps it has made, this one included.
        """
        state = self.state[parameter]
        if "step" not in state:
            state["step"] = torch.zeros((), dtype=torch.float32)
        state["step"] += 1
        return int(state["step"])


class SGD(DenseOptimizer):
    """Gradient descent, with momentum where it is wanted: heavy-ball or Nesterov's.

    It is called stochastic when the gradient is that of a batch drawn at random; the update is the
    same.

    Parameters
    ----------
    params
        The parameters to move, or groups of them.
    lr
        The learning rate.
    momentum
        The share of the last velocity that is kept.
    dampening
        The share of the gradient that does not enter the velocity, from the second step on.
    weight_decay
        The strength of the L2 penalty.
    nesterov
        Whether to look ahead: step along the velocity that comes next, were the gradient to stay.
    maximize
        Whether to climb.

    Raises
    ------
    TypeError
        If a parameter is no tensor of floating-point numbers, or an argument no number.
    ValueError
        If there is no parameter, an argument is out of its range, or ``nesterov`` comes without
        momentum or with dampening.

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods" (1964). Sutskever et
    al., "On the importance of initialization and momentum in deep learning" (2013), section 2.

    Examples
    --------
    >>> x = torch.tensor([10.0], requires_grad=True)
    >>> optimizer = SGD([x], lr=0.25, momentum=0.5)
    >>> for _ in range(3):
    ...     x.grad = x.detach().clone()  # of x²/2
    ...     optimizer.step()
    ...     print(x.item())
    7.5
    4.375
    1.71875
    """

    def __init__(
        self,
        params: Parameters,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            **{"lr": lr, "momentum": momentum, "dampening": dampening},
            **{"weight_decay": weight_decay, "nesterov": nesterov, "maximize": maximize},
        }
        super().__init__(params, defaults)

    def update(self, parameter: Tensor, gradient: Tensor, group: Group) -> None:
        """Move one parameter against its velocity, an average of gradients that fades.

        Parameters
        ----------
        parameter, gradient, group
            As in :meth:`~cvlib.training.optimizers.DenseOptimizer.update`.
        """
        if momentum := group["momentum"]:
            state = self.state[parameter]
            velocity = state.get("momentum_buffer")
            if velocity is None:
                velocity = state["momentum_buffer"] = gradient.clone()
            else:
                velocity.mul_(momentum).add_(gradient, alpha=1 - group["dampening"])
            gradient = gradient + momentum * velocity if group["nesterov"] else velocity
        parameter -= group["lr"] * gradient


def _check_group(group: Group) -> None:
    """Refuse arguments out of their range, and those that do not go together."""
    for name in {"dampening", *_FROM_0, *_SHARES} & group.keys():
        value = group[name]
        if name == "betas" and not (isinstance(value, tuple | list) and len(value) == 2):
            raise TypeError(f"betas is {value!r}; expected two numbers")
        try:
            numbers = [float(number) for number in (value if name == "betas" else [value])]
        except (TypeError, ValueError):
            raise TypeError(f"{name} is {value!r}; expected a number") from None
        if not all(map(math.isfinite, numbers)):
            raise ValueError(f"{name} is {value!r}; expected what is finite")
        if name in _FROM_0 and numbers[0] < 0:
            raise ValueError(f"{name} is {value!r}; expected at least 0")
        if name in _SHARES and not all(0 <= number < 1 for number in numbers):
            raise ValueError(f"{name} is {value!r}; expected at least 0 and below 1")
    if group.get("nesterov") and (not group["momentum"] or group["dampening"]):
        raise ValueError(
            f"nesterov is True with momentum {group['momentum']!r} and dampening "
            f"{group['dampening']!r}; expected a momentum above 0 and no dampening"
        )


class Adagrad(DenseOptimizer):
    """Divide each gradient by the root of the sum of all its squares so far.

    Parameters
    ----------
    params
        The parameters to move, or groups of them.
    lr
        The learning rate.
    lr_decay
        How fast the rate falls on top of that: it is divided by 1 + ``lr_decay`` times the number
        of steps before.
    weight_decay
        The strength of the L2 penalty.
    initial_accumulator_value
        What the sum begins with.
    eps
        Added to the root, so that nothing divides by 0.
    maximize
        Whether to climb.

    Raises
    ------
    TypeError
        If a parameter is no tensor of floating-point numbers, or an argument no number.
    ValueError
        If there is no parameter, or an argument is out of its range.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization" (2011), section 1.

    Examples
    --------
    >>> x = torch.zeros(2, requires_grad=True)
    >>> x.grad = torch.tensor([3.0, -0.004])
    >>> Adagrad([x], lr=0.5).step()
    >>> x.tolist()
    [-0.5, 0.5]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            **{"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay},
            **{"initial_accumulator_value": initial_accumulator_value, "maximize": maximize},
        }
        super().__init__(params, defaults)

    def update(self, parameter: Tensor, gradient: Tensor, group: Group) -> None:
        """Move one parameter.

        Parameters
        ----------
        parameter, gradient, group
            As in :meth:`~cvlib.training.optimizers.DenseOptimizer.update`.
        """
        step = self.count(parameter)
        total = self.memory(parameter, "sum", start=group["initial_accumulator_value"])
        total += gradient.square()
        lr = group["lr"] / (1 + (step - 1) * group["lr_decay"])
        parameter -= lr * gradient / (total.sqrt() + group["eps"])


class RMSprop(DenseOptimizer):
    """Divide each gradient by the root of a fading mean of its squares.

    Parameters
    ----------
    params
        The parameters to move, or groups of them.
    lr
        The learning rate.
    alpha
        The weight of the old mean in the new one.
    eps
        Added to the root, so that nothing divides by 0.
    weight_decay
        The strength of the L2 penalty.
    momentum
        The share of the last velocity that is kept.
    centered
        Whether to divide by the standard deviation: to take from the mean of the squares the
        square of the mean.
    maximize
        Whether to climb.

    Raises
    ------
    TypeError
        If a parameter is no tensor of floating-point numbers, or an argument no number.
    ValueError
        If there is no parameter, or an argument is out of its range.

    References
    ----------
    Tieleman and Hinton, "Lecture 6.5: rmsprop" (2012). Centred: Graves, "Generating sequences with
    recurrent neural networks" (2013), section 4.2.

    Examples
    --------
    >>> x = torch.zeros(2, requires_grad=True)
    >>> x.grad = torch.tensor([3.0, -0.004])
    >>> RMSprop([x], lr=0.5, alpha=0.75).step()
    >>> [round(number, 4) for number in x.tolist()]
    [-1.0, 1.0]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            **{"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps},
            **{"centered": centered, "weight_decay": weight_decay, "maximize": maximize},
        }
        super().__init__(params, defaults)

    def update(self, parameter: Tensor, gradient: Tensor, group: Group) -> None:
        """Move one parameter.

        Parameters
        ----------
        parameter, gradient, group
            As in :meth:`~cvlib.training.optimizers.DenseOptimizer.update`.
        """
        self.count(parameter)
        square = self.memory(parameter, "square_avg")
        square.lerp_(gradient.square(), 1 - group["alpha"])
        if group["centered"]:
            mean = self.memory(parameter, "grad_avg").lerp_(gradient, 1 - group["alpha"])
            square = (square - mean.square()).clamp(min=0)  # rounding may bring it below
        direction = gradient / (square.sqrt() + group["eps"])
        if group["momentum"]:
            velocity = self.memory(parameter, "momentum_buffer")
            direction = velocity.mul_(group["momentum"]).add_(direction)
        parameter -= group["lr"] * direction


class Adadelta(DenseOptimizer):
    """Give each number a step as large as its last steps were, so that no rate need be chosen.

    Parameters
    ----------
    params
        The parameters to move, or groups of them.
    lr
        What the step is multiplied by; 1 in the paper.
    rho
        The weight of the old means in the new ones.
    eps
        Added under both roots. It is what the first steps are made of.
    weight_decay
        The strength of the L2 penalty.
    maximize
        Whether to climb.

    Raises
    ------
    TypeError
        If a parameter is no tensor of floating-point numbers, or an argument no number.
    ValueError
        If there is no parameter, or an argument is out of its range.

    References
    ----------
    Zeiler, "ADADELTA: an adaptive learning rate method" (2012), algorithm 1.

    Examples
    --------
    >>> x = torch.zeros(2, requires_grad=True)
    >>> x.grad = torch.tensor([3.0, -4.0])
    >>> Adadelta([x], rho=0.75, eps=1e-6).step()
    >>> [round(number, 4) for number in x.tolist()]
    [-0.002, 0.002]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "maximize": maximize})

    def update(self, parameter: Tensor, gradient: Tensor, group: Group) -> None:
        """Move one parameter.

        Parameters
        ----------
        parameter, gradient, group
            As in :meth:`~cvlib.training.optimizers.DenseOptimizer.update`.
        """
        self.count(parameter)
        rho, eps = group["rho"], group["eps"]
        square = self.memory(parameter, "square_avg").lerp_(gradient.square(), 1 - rho)
        moved = self.memory(parameter, "acc_delta")
        delta = gradient * (moved + eps).sqrt() / (square + eps).sqrt()
        moved.lerp_(delta.square(), 1 - rho)
        parameter -= group["lr"] * delta


class Adam(DenseOptimizer):
    """Divide a fading mean of the gradients by the root of a fading mean of their squares.

    Parameters
    ----------
    params
        The parameters to move, or groups of them.
    lr
        The learning rate: about the largest step that a number makes.
    betas
        The weights of the old means in the new ones: of the gradient, and of its square.
    eps
        Added to the root, so that nothing divides by 0.
    weight_decay
        The strength of the L2 penalty, or of the decay.
    amsgrad
        Whether to divide by the largest root so far.
    maximize
        Whether to climb.
    decoupled_weight_decay
        Whether the weights are shrunk directly, as :class:`AdamW` does, instead of by a penalty.

    Raises
    ------
    TypeError
        If a parameter is no tensor of floating-point numbers, or an argument no number.
    ValueError
        If there is no parameter, or an argument is out of its range.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1. ``amsgrad``:
    Reddi, Kale and Kumar, "On the convergence of Adam and beyond" (2018).

    Examples
    --------
    >>> x = torch.zeros(2, requires_grad=True)
    >>> x.grad = torch.tensor([3.0, -0.004])
    >>> Adam([x], lr=0.5).step()
    >>> [round(number, 4) for number in x.tolist()]
    [-0.5, 0.5]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            **{"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay},
            **{"amsgrad": amsgrad, "maximize": maximize},
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def update(self, parameter: Tensor, gradient: Tensor, group: Group) -> None:
        """Move one parameter.

        Parameters
        ----------
        parameter, gradient, group
            As in :meth:`~cvlib.training.optimizers.DenseOptimizer.update`.
        """
        step, (beta1, beta2) = self.count(parameter), group["betas"]
        mean = self.memory(parameter, "exp_avg").lerp_(gradient, 1 - beta1)
        square = self.memory(parameter, "exp_avg_sq").lerp_(gradient.square(), 1 - beta2)
        if group["amsgrad"]:
            largest = self.memory(parameter, "max_exp_avg_sq")
            square = torch.maximum(largest, square, out=largest)
        root = (square / (1 - beta2**step)).sqrt()
        parameter -= group["lr"] * (mean / (1 - beta1**step)) / (root + group["eps"])


class AdamW(Adam):
    """Adam with weight decay beside the gradient, not in it: each step shrinks all weights alike.

    Parameters
    ----------
    params, lr, betas, eps, amsgrad, maximize
        As in :class:`Adam`.
    weight_decay
        The share of a weight that is taken away in a step, divided by ``lr``.

    Raises
    ------
    TypeError
        If a parameter is no tensor of floating-point numbers, or an argument no number.
    ValueError
        If there is no parameter, or an argument is out of its range.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), algorithm 2.

    Examples
    --------
    >>> x = torch.tensor([1.0, 100.0], requires_grad=True)
    >>> x.grad = torch.zeros(2)
    >>> AdamW([x], lr=0.1, weight_decay=0.1).step()
    >>> [round(number, 4) for number in x.tolist()]
    [0.99, 99.0]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            *(params, lr, betas, eps, weight_decay, amsgrad),
            maximize=maximize,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: Group) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # what was saved by Adam goes on as AdamW
            group["decoupled_weight_decay"] = True


def parameter_groups(model: nn.Module, weight_decay: float) -> list[Group]:
    """Sort a network's parameters into those that decay and those that do not.

    No decay is for what has at most one dimension, as biases do, and for all that belongs to a
    normalization of torch's or of :mod:`cvlib.layers`, whatever its shape. The rest decays.

    Parameters
    ----------
    model
        The network.
    weight_decay
        Of the parameters that decay, at least 0.

    Returns
    -------
    list of dict
        Two groups for an optimizer, either of which may be empty: those that decay, and those with
        a ``weight_decay`` of 0. Each parameter is in one of them, once, and in the order of
        ``model.parameters()``: also one that two layers share, which does not decay if one of them
        is a normalization, and one that is frozen, which an optimizer leaves alone while it has no
        gradient.

    Raises
    ------
    TypeError
        If ``model`` is no network, or ``weight_decay`` no number.
    ValueError
        If ``weight_decay`` is below 0, or a parameter has no shape yet, as in a lazy layer.

    References
    ----------
    He et al., "Bag of tricks for image classification with convolutional neural networks" (2019),
    section 3.1.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3), nn.Linear(3, 2))
    >>> for group in parameter_groups(model, 0.1):
    ...     print(group["weight_decay"], [tuple(each.shape) for each in group["params"]])
    0.1 [(3, 4), (2, 3)]
    0.0 [(3,), (3,), (3,), (2,)]
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is {type(model).__name__}; expected a torch.nn.Module")
    decay = number("weight_decay", weight_decay)
    scales = {
        id(parameter)
        for layer in model.modules()
        if isinstance(layer, _NORMALIZATIONS)
        for parameter in layer.parameters()
    }
    groups: tuple[list[Tensor], list[Tensor]] = [], []
    for name, parameter in model.named_parameters():
        if nn.parameter.is_lazy(parameter):
            raise ValueError(f"model has no shape for {name}; expected one that has seen a batch")
        groups[parameter.ndim <= 1 or id(parameter) in scales].append(parameter)
    return [
        {"params": parameters, "weight_decay": each}
        for parameters, each in zip(groups, (decay, 0.0), strict=True)
    ]
