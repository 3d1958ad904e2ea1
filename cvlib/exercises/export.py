"""Checkers of the chapter on export."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from cvlib.exercises import fixed_picture

__all__ = ["any_batch", "preprocess"]

_MEAN, _STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def preprocess(answer: object) -> str | None:
    """Check a function that prepares a picture without torch.

    Parameters
    ----------
    answer
        A function of a picture as ``cv2.imread`` gives it, ``uint8`` (H, W, 3) in BGR. It returns
        the batch of one, ``float32`` (1, 3, H, W) in RGB, normalized by the mean and the standard
        deviation of ImageNet.

    Returns
    -------
    str or None
        What is wrong with its first wrong batch, or None.

    Examples
    --------
    >>> preprocess(lambda picture: None)
    'preprocess gives NoneType, expected an array'
    """
    if not callable(answer):
        return f"preprocess is {answer!r}, expected a function"
    draw = np.random.default_rng(0)
    for height, width in ((2, 2), (3, 5)):
        pixels = draw.integers(0, 256, (height, width, 3))
        got = answer(fixed_picture(pixels.tolist()))
        if isinstance(got, Tensor):
            return "preprocess gives a tensor of torch; expected an array: torch is not there"
        if not isinstance(got, np.ndarray):
            return f"preprocess gives {type(got).__name__}, expected an array"
        if got.shape != (1, 3, height, width):
            of = f"of a picture {pixels.shape}"
            return f"{of} it makes {got.shape}, expected (1, 3, {height}, {width})"
        if got.dtype != np.float32:
            return f"the batch is {got.dtype}; onnxruntime takes float32 and nothing else"
        levels = (pixels[..., ::-1] / 255).transpose(2, 0, 1)[None]
        mean, std = _MEAN[:, None, None], _STD[:, None, None]
        if np.allclose(got, (levels - mean) / std, atol=1e-5):
            continue
        swapped = levels[:, ::-1]
        mistakes = {
            "blue stands in the place of red: OpenCV reads BGR": (swapped - mean) / std,
            "the mean and the standard deviation are in the wrong order of colours": (
                (levels - mean[::-1]) / std[::-1]
            ),
            "the values go from 0 to 255 before the mean is subtracted": (
                (255 * levels - mean) / std
            ),
            "the mean is not subtracted": levels / std,
            "it is not divided by the standard deviation": levels - mean,
            "neither mean nor standard deviation were used": levels,
        }
        for mistake, wrong in mistakes.items():
            if np.allclose(got, wrong, atol=1e-4):
                return mistake
        worst = float(np.abs(got - (levels - mean) / std).max())
        return f"the numbers are up to {worst:.3g} away from the right ones"
    return None


class _Framed(nn.Module):
    """Puts a number in front of each picture: a class token, as it were."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.tensor([[0.5]]))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.token.expand(x.shape[0], 1), x.flatten(1)], 1)


def any_batch(answer: object) -> str | None:
    """Check a function that exports a network for batches of any size.

    Parameters
    ----------
    answer
        A function of a network that takes ``(N, 1, 28, 28)``. It returns what
        ``torch.export.export`` does.

    Returns
    -------
    str or None
        What is wrong with its program, or None.

    Examples
    --------
    >>> any_batch(lambda model: model)
    'any_batch gives _Framed, expected what torch.export.export returns'
    """
    if not callable(answer):
        return f"any_batch is {answer!r}, expected a function"
    model = _Framed()
    program = answer(model)
    if not isinstance(program, torch.export.ExportedProgram):
        what = type(program).__name__
        return f"any_batch gives {what}, expected what torch.export.export returns"
    for count in (2, 1, 5):
        x = torch.linspace(0, 1, count * 784).view(count, 1, 28, 28)
        try:
            got = program.module()(x)
        except Exception as error:  # torch raises whatever a guard of the graph raises
            reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason told"
            return f"the program refuses a batch of {count}: {reason}"
        if got.shape != model(x).shape or not torch.allclose(got, model(x)):
            return f"of a batch of {count} the program makes something else than the network"
    return None
