"""The checks of arguments: light to import, and each message names the argument."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from cvlib.arguments import check_numbers, check_pictures, expect_picture


def test_they_load_neither_torch_nor_numpy() -> None:
    code = "import sys, cvlib.arguments; print(*{'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_images_load_no_torch() -> None:
    code = "import sys, cvlib.images; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1.0], "images is a list; expected a tensor"),
        (torch.arange(3), r"images is torch\.int64; expected floating-point numbers"),
    ],
)
def test_numbers_are_called_what_the_caller_calls_them(given: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        check_numbers(given, name="images")


def test_what_goes_with_numbers_has_their_dtype() -> None:
    with pytest.raises(TypeError, match=r"bias is torch\.float64; expected torch\.float32, as in"):
        check_numbers(torch.zeros(1), name="input", bias=torch.zeros(1, dtype=torch.float64))
    check_numbers(torch.zeros(1), weight=None)


def test_pictures_have_three_or_four_dimensions() -> None:
    no_tensor: Any = 3
    with pytest.raises(TypeError, match="x is a int; expected a tensor"):
        check_pictures(no_tensor)
    with pytest.raises(ValueError, match=r"x has shape \(2, 2\)"):
        check_pictures(torch.zeros(2, 2))


@pytest.mark.parametrize("dtype", [np.float64, np.int8, ">f4"])
def test_pictures_are_bytes_or_float32(dtype: Any) -> None:
    for right in (np.uint8, np.float32):
        expect_picture(np.zeros((2, 3), dtype=right))
    with pytest.raises(TypeError, match="expected uint8 or float32"):
        expect_picture(np.zeros((2, 3), dtype=dtype))
