"""Recognise all of MNIST and Fashion-MNIST without a network: ``python -m benchmarks.classic``.

Pixels or histograms of oriented gradients (HOG), and on them a support vector machine (SVM) or a
random forest. Nothing was tuned: the settings are round numbers, the same for both sets. Before
an SVM, principal component analysis (PCA) keeps 100 numbers per picture, which makes it affordable.
"""

from __future__ import annotations

import argparse
import datetime
import time
from collections.abc import Callable

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, LinearSVC

from benchmarks.record import record
from cvlib.data import ImageSet, fashion_mnist, mnist
from cvlib.images.preprocessing import hog_features

SEED = 0
CELL = 4  # pixels a side
COMPONENTS = 100
SETS: dict[str, Callable[[str], ImageSet]] = {"MNIST": mnist, "Fashion-MNIST": fashion_mnist}


def reduced(classifier: ClassifierMixin) -> ClassifierMixin:
    return make_pipeline(PCA(COMPONENTS, random_state=SEED), classifier)


METHODS: dict[tuple[str, str], Callable[[], ClassifierMixin]] = {
    ("pixels", "linear SVM"): lambda: reduced(LinearSVC(dual=False)),
    ("pixels", "random forest"): lambda: RandomForestClassifier(100, random_state=SEED),
    ("pixels", "RBF SVM"): lambda: reduced(SVC(C=10, cache_size=1000)),
    ("HOG", "linear SVM"): lambda: reduced(LinearSVC(dual=False)),
    ("HOG", "random forest"): lambda: RandomForestClassifier(100, random_state=SEED),
    ("HOG", "RBF SVM"): lambda: reduced(SVC(C=10, cache_size=1000)),
}


def pixels(pictures: ImageSet) -> NDArray[np.float32]:
    return pictures.images.flatten(1).numpy().astype(np.float32) / 255


def hog(pictures: ImageSet) -> NDArray[np.float32]:
    parts = pictures.images[:, 0].split(1000)  # a thousand at a time, to save memory
    return np.concatenate([hog_features(part.numpy(), CELL) for part in parts])


def measure(load: Callable[[str], ImageSet], most: int | None) -> list[dict[str, object]]:
    train, test = load("train")[:most], load("test")[:most]
    rows: list[dict[str, object]] = []
    for name, features in (("pixels", pixels), ("HOG", hog)):
        begin = time.perf_counter()
        seen, unseen = features(train), features(test)
        computing = time.perf_counter() - begin
        for (kind, classifier), make in METHODS.items():
            if kind != name:
                continue
            begin = time.perf_counter()
            accuracy = make().fit(seen, train.labels.numpy()).score(unseen, test.labels.numpy())
            rows.append(
                {
                    "features": name,
                    "numbers_a_picture": seen.shape[1],
                    "classifier": classifier,
                    "test_accuracy": round(float(accuracy), 4),
                    "seconds_features": round(computing, 1),
                    "seconds_training_and_test": round(time.perf_counter() - begin, 1),
                }
            )
            print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, help="pictures of each split, to try it out")
    most = parser.parse_args().most
    begin = time.perf_counter()
    results: dict[str, object] = {"cell": CELL, "components": COMPONENTS}
    for name, load in SETS.items():
        print(name)
        results[name] = measure(load, most)
    results["minutes"] = round((time.perf_counter() - begin) / 60, 1)
    results["time"] = datetime.datetime.now(datetime.UTC).strftime("%H:%M UTC")
    results["versions"] = {"scikit-learn": sklearn.__version__}
    record("classic", results, seed=SEED)


if __name__ == "__main__":
    main()
