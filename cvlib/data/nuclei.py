"""Cell nuclei under a fluorescence microscope, with a mask of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["nuclei"]


def nuclei() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a microscope's picture of cell nuclei, and which pixels belong to which nucleus.

    Returns
    -------
    picture : ndarray
        ``uint8``, (512, 512), grey, 0 to 235. A few nuclei that divide are much brighter than the
        others.
    masks : ndarray
        ``uint8``, (512, 512): 0 on the background, and on each of 125 nuclei a number of its own.
        The numbers go up to 183, and some are not used.

    References
    ----------
    Caicedo et al., "Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl",
    Nature Methods 16, 2019; the pictures are set BBBC038v1 of the Broad Bioimage Benchmark
    Collection, CC0. This part of one comes with StarDist (Schmidt et al., "Cell detection with
    star-convex polygons", MICCAI 2018), BSD-3-Clause, whose licence stands in the header of the two
    PNG files. There it has 16 bits, and the same values.

    Examples
    --------
    >>> picture, masks = nuclei()
    >>> picture.shape, len(np.unique(masks)) - 1, round(float((masks > 0).mean()), 3)
    ((512, 512), 125, 0.199)
    """
    from PIL import Image

    folder = Path(__file__).parent
    found = []
    for name in ("nuclei.png", "nuclei_masks.png"):
        with Image.open(folder / name) as picture:
            found.append(np.array(picture))
    return found[0], found[1]
