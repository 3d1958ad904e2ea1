"""Pictures to learn from: embedded sets, the classic full sets, and any folder of pictures.

What comes with the installed wheels and needs no network: :func:`digits`, :func:`mnist_sample`,
:func:`photograph`, :func:`motorcycle`; and with this package :func:`nuclei` and
:func:`clothes_sample`. What is drawn: :func:`drawn_digits`, :func:`drawn_letters`,
:func:`slanted_digits`, :func:`rasterize`. What is made: :func:`scenes`, digits on photographs with
boxes and masks, a :class:`SceneSet`. What lies under :func:`data_root`, or is downloaded into it:
:func:`mnist`, :func:`fashion_mnist`, :func:`cifar10`. What you bring along: :func:`folder`.

A set of pictures is an :class:`ImageSet`: one ``uint8`` tensor, one tensor of labels, the names of
the classes, and where they came from. :func:`full_sets` says which of the full sets are there.
"""

from cvlib.data.cifar import cifar10
from cvlib.data.embedded import digits, mnist_sample, motorcycle, photograph, photographs
from cvlib.data.folders import folder
from cvlib.data.full import full_sets
from cvlib.data.idx import fashion_mnist, mnist
from cvlib.data.image_set import ImageSet
from cvlib.data.nuclei import nuclei
from cvlib.data.root import DataError, data_root
from cvlib.data.scenes import SceneSet, scenes
from cvlib.data.strokes import drawn_digits, drawn_strokes, rasterize
from cvlib.data.unseen import clothes_sample, drawn_letters, slanted_digits

__all__ = [
    "DataError",
    "ImageSet",
    "SceneSet",
    "cifar10",
    "clothes_sample",
    "data_root",
    "digits",
    "drawn_digits",
    "drawn_letters",
    "drawn_strokes",
    "fashion_mnist",
    "folder",
    "full_sets",
    "mnist",
    "mnist_sample",
    "motorcycle",
    "nuclei",
    "photograph",
    "photographs",
    "rasterize",
    "scenes",
    "slanted_digits",
]
