"""The package behind the course: every idea from scratch, with torch's and OpenCV's numbers.

Its rooms are :mod:`cvlib.data`, :mod:`cvlib.images`, :mod:`cvlib.layers`,
:mod:`cvlib.augmentation`, :mod:`cvlib.networks`, :mod:`cvlib.training`, :mod:`cvlib.tasks`,
:mod:`cvlib.practice`, :mod:`cvlib.figures`, :mod:`cvlib.exercises`, :mod:`cvlib.book`. Importing
:mod:`cvlib` imports none of them, nor torch: each room is loaded when it is first used.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__version__ = "0.1.0"
_ROOMS = (
    *("augmentation", "book", "data", "exercises", "figures", "images", "layers", "networks"),
    *("practice", "tasks", "training"),
)
__all__ = [*_ROOMS, "device"]


def device(name: str | None = None) -> torch.device:
    """Choose the device to compute on, and make float32 mean float32 on it.

    Parameters
    ----------
    name
        ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"auto"``. Without it, the environment
        variable ``CVLIB_DEVICE`` decides, else ``"auto"``: CUDA where torch sees a GPU, the CPU
        elsewhere.

    Returns
    -------
    torch.device
        The device. Convolutions and matrix products of float32 are set to full precision
        (cuDNN's default rounds their inputs to TF32's 10 bits), and cuDNN's search for the
        fastest algorithm is off, because it may choose another one in each run.

    Raises
    ------
    ValueError
        If the name is not a device that torch knows.
    RuntimeError
        If the device is not there.

    Examples
    --------
    >>> device("cpu")
    device(type='cpu')
    """
    import torch

    wanted = name or os.environ.get("CVLIB_DEVICE") or "auto"
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        chosen = torch.device(wanted)
    except RuntimeError:
        raise ValueError(
            f"name (or CVLIB_DEVICE) is {wanted!r}; expected 'auto', 'cpu', 'cuda' or 'cuda:N'"
        ) from None
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            f"CVLIB_DEVICE or name asks for {wanted!r}, but torch sees no CUDA GPU; "
            "set CVLIB_DEVICE=cpu to compute on the CPU"
        )
    # torch.export asks this older flag, and raises where the newer ones were set without it.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
    torch.backends.cudnn.rnn.fp32_precision = "ieee"  # type: ignore[attr-defined]
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    torch.backends.cudnn.benchmark = False
    return chosen


def __getattr__(name: str) -> ModuleType:
    if name in _ROOMS:
        return importlib.import_module(f"cvlib.{name}")
    raise AttributeError(f"module 'cvlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS])
