"""Pictures as arrays: what stands in them, and what is done to them without learning."""

from cvlib.images.files import read, write
from cvlib.images.preprocessing import Preprocess
from cvlib.images.windows import show

__all__ = ["Preprocess", "read", "show", "write"]
