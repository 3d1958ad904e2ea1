"""Pictures as arrays: what stands in them, and what is done to them without learning."""

from cvlib.images.files import read, write

__all__ = ["read", "write"]
