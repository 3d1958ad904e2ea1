"""Checkpoints: whole or not at all, whoever kills the writer or damages the file."""

import ast
import resource
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open
from torch import nn

import cvlib
from cvlib.data import digits
from cvlib.training import evaluate, fit
from cvlib.training.checkpoints import load_checkpoint, save_checkpoint, save_weights
from tests.checkout import ROOT


@pytest.fixture(scope="module")
def sets():
    return digits()[:200].split(test=50)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 10)
    )


def run(model, sets, **arguments):
    return fit(model, *sets, **{"epochs": 3, "batch_size": 32, "device": "cpu", **arguments})


def same(one, other):
    return all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))


def test_a_run_killed_again_and_again_ends_with_the_same_weights(tmp_path):
    command = [sys.executable, "-m", "tests.training.killing", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert ast.literal_eval(done.stdout) == [True] * 8, "a moment did not come"
    whole, killed = (torch.load(tmp_path / f"{name}.end") for name in ("whole", "killed"))
    assert whole["table"] == killed["table"]
    assert torch.equal(whole["draw"], killed["draw"])
    for name, value in whole["weights"].items():
        assert torch.equal(value, killed["weights"][name]), name


def test_an_interrupted_run_goes_on_from_its_last_epoch(tmp_path, sets):
    whole, broken = network(), network()
    torch.manual_seed(1)
    history = run(whole, sets)

    def metric(outputs, labels):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return outputs.mean()

    calls = []
    path = tmp_path / "runs" / "first.pt"
    torch.manual_seed(1)
    with pytest.raises(KeyboardInterrupt):
        run(broken, sets, checkpoint=path, metrics={"mean": metric})
    assert len(load_checkpoint(path)["epochs"]) == 1
    torch.manual_seed(99)  # whatever was drawn since must not matter
    other = network(seed=5)
    again = run(other, sets, checkpoint=path, resume=True)
    assert same(whole, other)
    assert again.values("validation_loss") == history.values("validation_loss")
    # Once it is done, going on gives the same again and trains no more.
    idle = network(seed=6)
    assert run(idle, sets, checkpoint=path, resume=True).epochs == again.epochs
    assert same(idle, whole)


@pytest.mark.parametrize(
    "schedule_of",
    [
        lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=15),
        lambda optimizer: torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0),
        lambda optimizer: cvlib.training.Plateau(patience=0, threshold=0.5),
        lambda optimizer: cvlib.training.cosine,
    ],
)
def test_the_schedule_goes_on_too(tmp_path, sets, schedule_of):
    def trained(stops):
        """Train in pieces: each ends, as if it were killed, in the evaluation of that number."""
        for stop in stops:
            model, evaluations = network(), []
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

            def metric(outputs, labels, evaluations=evaluations, stop=stop):
                evaluations.append(1)
                if len(evaluations) == stop:
                    raise KeyboardInterrupt
                return 0.0

            try:
                history = run(
                    *(model, sets),
                    optimizer=optimizer,
                    schedule=schedule_of(optimizer),
                    metrics={"zero": metric},
                    checkpoint=tmp_path / f"{len(stops)}.pt",
                    resume=True,
                )
            except KeyboardInterrupt:
                torch.rand(1)
        return model, history

    torch.manual_seed(3)
    whole, history = trained([None])
    torch.manual_seed(3)
    pieces, again = trained([2, 2, None])
    assert same(whole, pieces)
    assert again.values("learning_rate") == history.values("learning_rate")


def test_more_epochs_where_the_schedule_does_not_mind(tmp_path, sets):
    path = tmp_path / "run.pt"
    longer, shorter = network(), network()
    torch.manual_seed(2)
    run(longer, sets, epochs=4)
    torch.manual_seed(2)
    run(shorter, sets, epochs=2, checkpoint=path)
    history = run(shorter, sets, epochs=4, checkpoint=path, resume=True)
    assert len(history.epochs) == 4
    assert same(longer, shorter)
    with pytest.raises(ValueError, match="a run with epochs 4, this one has 3; expected the same"):
        run(shorter, sets, epochs=3, checkpoint=path, resume=True)
    with pytest.raises(ValueError, match="a run with epochs 4, this one has 6; expected the same"):
        run(shorter, sets, epochs=6, schedule=cvlib.training.cosine, checkpoint=path, resume=True)


def test_an_earlier_run_is_not_written_over(tmp_path, sets):
    path = tmp_path / "run.pt"
    run(network(), sets, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="holds a run already; pass resume=True"):
        run(network(), sets, checkpoint=path)
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match="resume is True without a checkpoint"):
        run(network(), sets, resume=True)


def test_a_checkpoint_of_another_run_is_named(tmp_path, sets):
    path = tmp_path / "run.pt"
    run(network(), sets, checkpoint=path)
    for arguments, message in (
        ({"seed": 1}, "of a run with seed 0, this one has 1"),
        ({"batch_size": 64}, "of a run with batch_size 32, this one has 64"),
    ):
        with pytest.raises(ValueError, match=message):
            run(network(), sets, checkpoint=path, resume=True, **arguments)
    wider = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    with pytest.raises(ValueError, match="of a run with network Sequential"):
        run(wider, sets, checkpoint=path, resume=True)


def test_a_damaged_checkpoint_is_named(tmp_path, sets):
    path = tmp_path / "run.pt"
    run(network(), sets, checkpoint=path)
    whole = path.read_bytes()
    weights = load_checkpoint(path)["parts"]["model"]["1.weight"].numpy().tobytes()
    inside = whole.find(weights[1000:1040])
    assert inside > 0
    flipped = bytearray(whole)
    flipped[inside] ^= 1  # torch.load itself reads this without a word
    for data in (b"", whole[:100], whole[: len(whole) // 2], bytes(flipped), b"hello" * 1000):
        path.write_bytes(data)
        model = network()
        with pytest.raises(ValueError, match=r"run\.pt cannot be read: it is damaged"):
            run(model, sets, checkpoint=path, resume=True)
        assert same(model, network())
        assert path.read_bytes() == data, "what is left of a run is not thrown away"


def test_no_code_in_a_checkpoint_is_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    torch.save({"epochs": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(ValueError, match="cannot be read"):
        load_checkpoint(tmp_path / "trap.pt")
    assert not (tmp_path / "sprung").exists()


def test_what_could_not_be_read_back_is_told_before_training(tmp_path, sets):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.param_groups[0]["note"] = ROOT  # a path, no plain value
    with pytest.raises(ValueError, match="cannot be read"):
        run(model, sets, optimizer=optimizer, checkpoint=tmp_path / "run.pt")
    assert same(model, network())


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, sets):
    """The kernel refuses to write more, as it does on a full disk."""
    path = tmp_path / "run.pt"
    run(network(), sets, checkpoint=path)
    before = path.read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limit[1]))
    try:
        with pytest.raises(
            OSError, match=r"cannot write .*run\.pt: .*; what it held before stands"
        ):
            run(network(), sets, epochs=5, checkpoint=path, resume=True)
        with pytest.raises(OSError, match="cannot write") as caught:
            run(network(), sets, checkpoint=tmp_path / "new.pt")
        assert "stands" not in str(caught.value)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]
    assert len(run(network(), sets, epochs=5, checkpoint=path, resume=True).epochs) == 5


def test_a_place_that_takes_no_file():
    with pytest.raises(OSError, match=r"cannot write /proc/cvlib/run\.pt: No such file"):
        save_checkpoint("/proc/cvlib/run.pt", {"epoch": 1})


def test_early_stopping_goes_on_with_the_best_weights(tmp_path, sets):
    rule = cvlib.training.EarlyStopping(patience=2, monitor="validation_accuracy")
    arguments = {"epochs": 40, "early_stopping": rule, "optimizer": torch.optim.Adam}
    path = tmp_path / "run.pt"
    model, again = network(), network(seed=4)
    history = run(model, sets, checkpoint=path, **arguments)
    best = history.epochs[rule.best(history.values("validation_accuracy"))]
    assert len(history.epochs) < 40
    assert evaluate(model, sets[1]).accuracy == best.validation_accuracy
    assert run(again, sets, checkpoint=path, resume=True, **arguments).epochs == history.epochs
    assert same(model, again)


def test_weights_with_their_history(tmp_path):
    model = nn.Linear(3, 2)
    save_weights(tmp_path / "line.safetensors", model, command="by hand")
    with safe_open(tmp_path / "line.safetensors", "pt") as file:
        assert torch.equal(file.get_tensor("weight"), model.weight)
        facts = file.metadata()
    assert facts["command"] == "by hand"
    assert facts["cvlib"] == cvlib.__version__
