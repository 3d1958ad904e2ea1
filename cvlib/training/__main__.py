"""The old spelling of ``python -m cvlib train``, for one release."""

from cvlib.__main__ import renamed

if __name__ == "__main__":
    renamed("training", "train")
