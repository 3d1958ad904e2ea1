"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""

from cvlib.practice.corruptions import CORRUPTIONS, corrupt

__all__ = ["CORRUPTIONS", "corrupt"]
