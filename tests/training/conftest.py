"""What the tests of training share."""

import pytest
import torch

from cvlib.data import digits


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def sets():
    return digits().split(test=297)
