"""How the tests run: notebooks by our own plugin, one thread per process, what is long first.

Two workers with two threads each on two cores: the threads wait for each other by spinning, and a
training of seconds takes minutes. The limits stand here because this file is read before anything
imports torch, NumPy or OpenCV; workers, kernels and whatever else a test starts inherit them.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

for limit in ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "TORCHINDUCTOR_COMPILE_THREADS"):
    os.environ.setdefault(limit, "1")

pytest_plugins = ["tests.regression.plugin"]

# A worker takes file after file: were a long one the last, the other worker would have no work.
LONGEST_FIRST = ("tests/site/", "tests/regression/", "book/", "tests/networks/", "tests/", "cvlib/")
# Files that share what is dear to start, here a browser, go to one worker.
TOGETHER = ("tests/site/",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first; the tests of a file stay together and in order."""

    def place(item: pytest.Item) -> int:
        starts = [item.nodeid.startswith(folder) for folder in (*LONGEST_FIRST, "")]
        return starts.index(True)

    items.sort(key=place)


def unit(nodeid: str) -> str:
    """Name what a worker takes as a whole: a file, or a folder whose files share a fixture."""
    folder = next((folder for folder in TOGETHER if nodeid.startswith(folder)), None)
    return folder or nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out units in the order above, where the option is as in pyproject.toml."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByUnit(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    return ByUnit(config, log)
