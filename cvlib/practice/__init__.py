"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""

from cvlib.practice.ring import RingStep, ring_all_reduce, ring_steps
from cvlib.practice.scale import average_gradients, combine_statistics, gradient_of
from cvlib.practice.sharding import Held, bytes_held, bytes_per_rank, bytes_sent
from cvlib.practice.workers import Draws, seed_own_generator

__all__ = [
    "Draws",
    "Held",
    "RingStep",
    "average_gradients",
    "bytes_held",
    "bytes_per_rank",
    "bytes_sent",
    "combine_statistics",
    "gradient_of",
    "ring_all_reduce",
    "ring_steps",
    "seed_own_generator",
]
