"""The learning rate of each step, by whatever sets it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from cvlib.training.history import Epoch
from cvlib.training.schedules import Plateau

__all__ = ["Pace", "Schedule"]

Schedule = Callable[[int, int], float] | Plateau | LRScheduler


class Pace:
    """Set an optimizer's learning rates, step by step.

    Parameters
    ----------
    optimizer
        Whose rates are set. The rates that it came with are multiplied by the schedule's factors.
    schedule
        A function of the step and of the number of steps, a :class:`~.schedules.Plateau`, a
        scheduler of torch's, or None for rates that stay.
    total_steps
        How many steps the whole training has.

    Raises
    ------
    TypeError
        If the schedule is none of these.
    ValueError
        If a scheduler of torch's was made for another optimizer.
    """

    def __init__(self, optimizer: Optimizer, schedule: Schedule | None, total_steps: int) -> None:
        if isinstance(schedule, LRScheduler):
            if schedule.optimizer is not optimizer:
                raise ValueError(
                    "schedule was made for another optimizer; expected the one that trains: give "
                    "fit the optimizer itself, and a scheduler made of it"
                )
        elif schedule is not None and not callable(schedule):
            raise TypeError(
                f"schedule is {type(schedule).__name__}; expected a function of the step and of "
                "the number of steps, such as cvlib.training.schedules.cosine"
            )
        self.optimizer, self.schedule, self.total_steps = optimizer, schedule, total_steps
        self.base = [group["lr"] for group in optimizer.param_groups]
        self.rate = self.base[0]

    def __enter__(self) -> Pace:
        return self

    def __exit__(self, *error: object) -> None:
        """Give the optimizer the rates back that it came with; schedulers of torch's go on."""
        if not isinstance(self.schedule, LRScheduler):
            self._multiply(1.0)

    @property
    def needs_total_steps(self) -> bool:
        """Whether the rates depend on how long the whole training is."""
        return self.schedule is not None and not isinstance(self.schedule, Plateau | LRScheduler)

    def before_step(self, step: int) -> None:
        """Set the rates for a step, counted from 0."""
        if self.schedule is not None and not isinstance(self.schedule, Plateau | LRScheduler):
            self._multiply(self.schedule(step, self.total_steps))
        self.rate = self.optimizer.param_groups[0]["lr"]

    def after_step(self) -> None:
        """Let a scheduler of torch's count the step."""
        if isinstance(self.schedule, LRScheduler) and not isinstance(
            self.schedule, ReduceLROnPlateau
        ):
            self.schedule.step()

    def after_epoch(self, epochs: Sequence[Epoch]) -> None:
        """Set the rates for the next epoch, where the schedule goes by the losses so far."""
        losses = [e.train_loss if e.test_loss is None else e.test_loss for e in epochs]
        if isinstance(self.schedule, Plateau):
            self._multiply(self.schedule(losses))
        elif isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step(losses[-1])

    def _multiply(self, factor: float) -> None:
        for group, rate in zip(self.optimizer.param_groups, self.base, strict=True):
            group["lr"] = rate * factor

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        scheduler = self.schedule.state_dict() if isinstance(self.schedule, LRScheduler) else None
        return {"base": self.base, "scheduler": scheduler}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what a checkpoint kept."""
        self.base = state["base"]
        if isinstance(self.schedule, LRScheduler):
            self.schedule.load_state_dict(state["scheduler"])
