"""The checkers of the chapter on features accept what is right and name what is wrong."""

import numpy as np

from cvlib.exercises.features import hamming, sift_normalize


def bits_that_differ(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.unpackbits(a[:, None] ^ b[None], axis=2).sum(axis=2)


def normalized(numbers: np.ndarray) -> np.ndarray:
    for most in (0.2, np.inf):
        numbers = np.minimum(numbers / max(np.linalg.norm(numbers), 1e-12), most)
    return numbers / max(np.linalg.norm(numbers), 1e-12)


def test_right_answers_pass() -> None:
    assert hamming(bits_that_differ) is None
    by_products = lambda a, b: np.array(  # noqa: E731
        [[sum((int(x) ^ int(y)).bit_count() for x, y in zip(p, q, strict=True)) for q in b]
         for p in a]
    )  # fmt: skip
    assert hamming(by_products) is None
    assert sift_normalize(normalized) is None


def test_wrong_distances_are_named() -> None:
    def numbers(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a[:, None] != b[None]).sum(axis=2)  # numbers that differ, not bits

    told = hamming(numbers)
    assert told is not None
    assert told.startswith("hamming(array([[1]], dtype=uint8)")

    def wraps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.unpackbits(a[:, None] ^ b[None], axis=2).sum(axis=2).T

    assert "expected array" in str(hamming(wraps))
    assert hamming(3) == "hamming is 3, expected a function"


def test_wrong_normalizing_is_named() -> None:
    assert "gives None" in str(sift_normalize(lambda numbers: None))
    once = lambda numbers: np.minimum(numbers / np.linalg.norm(numbers), 0.2)  # noqa: E731
    assert "sift_normalize(array([1., 0., 3., 0.])) gives array([0.2" in str(sift_normalize(once))

    def divides_by_nothing(numbers: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            clipped = np.minimum(numbers / np.linalg.norm(numbers), 0.2)
            return clipped / np.linalg.norm(clipped)

    assert "expected four zeros" in str(sift_normalize(divides_by_nothing))
