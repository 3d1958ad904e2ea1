"""Pictures as arrays: what stands in them, and what is done to them without learning."""

from cvlib.images.corners import good_features, harris
from cvlib.images.features import Keypoints, match
from cvlib.images.files import read, write
from cvlib.images.preprocessing import Preprocess
from cvlib.images.scale_space import sift
from cvlib.images.windows import show

__all__ = [
    "Keypoints",
    "Preprocess",
    "good_features",
    "harris",
    "match",
    "read",
    "show",
    "sift",
    "write",
]
