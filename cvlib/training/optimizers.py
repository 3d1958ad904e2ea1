"""Stochastic gradient descent with momentum, and what all optimizers of the course share.

Each optimizer is a :class:`torch.optim.Optimizer` with torch's arguments, steps and state: either
goes on with what the other has saved. Those that give each number a rate of its own are in
:mod:`cvlib.training.adaptive`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

__all__ = ["SGD", "DenseOptimizer"]

Parameters = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
Group = dict[str, Any]

_FROM_0 = ("lr", "weight_decay", "momentum", "eps", "lr_decay", "initial_accumulator_value")
_SHARES = ("alpha", "rho", "betas")


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
