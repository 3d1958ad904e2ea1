"""Small pictures of every kind, drawn at random, and the borders that go around them."""

from __future__ import annotations

from typing import get_args

import cv2
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib.images.borders import Border

BORDERS: tuple[Border, ...] = get_args(Border)
CODES = {border: getattr(cv2, f"BORDER_{border.upper()}") for border in BORDERS}
SHAPES = st.tuples(st.integers(1, 14), st.integers(1, 14), st.sampled_from([(), (1,), (3,)])).map(
    lambda sides: (*sides[:2], *sides[2])
)
BYTES = SHAPES.flatmap(lambda shape: arrays(np.uint8, shape))
FLOATS = SHAPES.flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.floats(-9, 9, width=32))
)
