"""Batches from pictures in memory, from data sets and from loaders are the same batches."""

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset
from torchvision.datasets import FakeData
from torchvision.transforms.v2 import PILToTensor

from cvlib.data import digits
from cvlib.training.batches import batches_of
from cvlib.training.data_parallel import Processes

CPU = torch.device("cpu")
PICTURES = digits()[:50]
PAIRS = TensorDataset(PICTURES.images, PICTURES.labels)


def generator():
    return torch.Generator().manual_seed(3)


def taken(pictures, batch_size=16, **arguments):
    return list(batches_of("train", pictures, batch_size, CPU, **arguments))


def equal(one, other):
    for mine, theirs in zip(one, other, strict=True):
        assert torch.equal(mine.images, theirs.images)
        assert torch.equal(mine.labels, theirs.labels)
        assert (mine.counted, mine.weight) == (theirs.counted, theirs.weight)


def test_one_pass_shows_each_picture_once():
    for shuffler in (None, generator()):
        batches = taken(PICTURES, shuffler=shuffler)
        assert [batch.counted for batch in batches] == [16, 16, 16, 2]
        shown = torch.cat([batch.images for batch in batches]).flatten(1)
        wanted = PICTURES.images.flatten(1) / 255
        assert torch.equal(shown.unique(dim=0), wanted.unique(dim=0))
        if shuffler is None:
            assert torch.equal(shown, wanted)


def test_data_sets_give_the_batches_of_pictures_in_memory():
    equal(taken(PICTURES), taken(PAIRS))
    equal(taken(PICTURES, shuffler=generator()), taken(PAIRS, shuffler=generator()))
    equal(taken(PICTURES), taken(DataLoader(PAIRS, batch_size=16)))


def test_each_pass_has_another_order():
    batches = batches_of("train", PAIRS, 50, CPU, shuffler=generator())
    (first,), (second,) = list(batches), list(batches)
    assert not torch.equal(first.labels, second.labels)
    assert torch.equal(first.labels.sort().values, second.labels.sort().values)


def test_a_loader_brings_its_own_batches():
    loader = DataLoader(PAIRS, batch_size=20, num_workers=1)
    batches = batches_of("train", loader, 7, CPU)
    assert len(batches) == 3
    assert [batch.counted for batch in batches] == [20, 20, 10]
    assert batches.highest == 9


def test_numbers_are_not_scaled_again():
    numbers = TensorDataset(PICTURES.images / 255, PICTURES.labels)
    equal(taken(PICTURES), taken(numbers))


@pytest.mark.parametrize("world_size", [2, 3, 5])
@pytest.mark.parametrize("pictures", [PICTURES, PAIRS], ids=["in memory", "data set"])
def test_processes_share_each_batch(world_size, pictures):
    whole = taken(pictures, shuffler=generator())
    shares = [
        taken(pictures, shuffler=generator(), team=Processes(rank, world_size))
        for rank in range(world_size)
    ]
    for number, batch in enumerate(whole):
        mine = [share[number] for share in shares]
        labels = torch.cat([part.labels[: part.counted] for part in mine])
        assert torch.equal(labels.sort().values, batch.labels.sort().values)
        # The average over the processes of the weighted means is the mean of the whole batch.
        mean = sum(part.images.mean() * part.weight for part in mine) / world_size
        assert mean == pytest.approx(float(batch.images.mean()), rel=1e-5)
        assert all(len(part.images) for part in mine), "no process stands idle"


class Bare(Dataset):
    def __getitem__(self, index):
        return PAIRS[index]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(PAIRS)


def pairs(images=PICTURES.images, labels=PICTURES.labels):
    return TensorDataset(images, labels)


@pytest.mark.parametrize(
    ("pictures", "error", "message"),
    [
        ([1, 2], TypeError, "train is list; expected a cvlib.data.ImageSet, or a Dataset or"),
        (Bare(), TypeError, "train has no length"),
        (Stream(), TypeError, "train has no length"),
        (DataLoader(PAIRS, batch_size=60, drop_last=True), ValueError, "train is empty"),
        (TensorDataset(PICTURES.images[:0]), ValueError, "train is empty"),
        (FakeData(4), TypeError, r"cannot be put into a batch; .* transform=ToTensor\(\)\?"),
        (TensorDataset(PICTURES.images), TypeError, "gives list of length 1; expected pairs"),
        (
            pairs(images=PICTURES.images.long()),
            TypeError,
            "pictures of torch.int64; expected uint8",
        ),
        (pairs(labels=PICTURES.labels.float()), ValueError, "labels of torch.float32 and shape"),
        (pairs(labels=PICTURES.labels[:, None]), ValueError, r"shape \(16, 1\); .*\(16,\)"),
        (pairs(labels=PICTURES.labels - 1), ValueError, "train has the label -1"),
        (FakeData(4, transform=lambda image: "word"), TypeError, "gives pictures as (list|tuple)"),
    ],
)
def test_wrong_pictures_are_named(pictures, error, message):
    with pytest.raises(error, match=message):
        taken(pictures)


def test_a_loader_cannot_be_shared_out():
    with pytest.raises(ValueError, match="is a DataLoader, which does not know of 2 processes"):
        taken(DataLoader(PAIRS), team=Processes(0, 2))


def test_pictures_of_torchvision():
    fake = FakeData(4, (3, 8, 8), transform=PILToTensor())
    (batch,) = taken(fake)
    assert batch.images.shape == (4, 3, 8, 8)
    assert torch.equal(batch.images[0], fake[0][0] / 255)
