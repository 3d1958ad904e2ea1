"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""

from cvlib.practice.troubleshooting import diagnose

__all__ = [
    "diagnose",
]
