"""Write what pages compute with: ``python -m book.live [folder]``.

The pages compute with the functions of ``book/_live`` and the weights of the
package. Here both become scripts, because a page that is opened from a file
may load nothing else. The site has them in ``_static/live``.
"""

from __future__ import annotations

import argparse
import base64
import functools
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cvlib.files import write_atomically

SOURCES = Path(__file__).parent / "_live"


def functions() -> str:
    """Join the functions that compute.

    Returns
    -------
    str
        A script that makes ``live``, with no need of a page: node runs it too.
    """
    return joined("globalThis.live ??= {};", *sorted(SOURCES.glob("*.js")))


DEFINED = re.compile(r"live\.(?:page\.)?\w+(?= =)")
LEFT_OUT = re.compile(r'^\s*//.*$|addEventListener\("\w+"', re.MULTILINE)


@functools.cache
def definitions() -> dict[str, str]:
    """Read what ``book/_live`` and ``book/_live/page`` define.

    Returns
    -------
    dict
        From names, as ``live.blur``, to texts: each definition begins a line,
        and ends where the next one begins.
    """
    found: dict[str, str] = {}
    for path in sorted([*SOURCES.glob("*.js"), *SOURCES.glob("page/*.js")]):
        _, *texts = re.split(
            r"^(?=live\.)", path.read_text("utf-8"), flags=re.M
        )
        for text in texts:
            defined = DEFINED.match(text)
            if defined is None:
                raise ValueError(
                    f"{path.name} defines nothing: {text[:40]}"
                )
            found[defined[0]] = text
    return found


def needed(script: str) -> set[str]:
    """Find the functions that a script calls, and those that they call.

    Parameters
    ----------
    script
        A script. A function is called as ``live.blur``, or, to be run
        elsewhere, by its name between quotes; what shows, as
        ``live.page.show`` or taken by its name from ``live.page``.

    Returns
    -------
    set of str
        Names, as :func:`definitions` has them.
    """
    found: set[str] = set()
    waiting = [script]
    while waiting:
        text = LEFT_OUT.sub("", waiting.pop())
        names = {*re.findall(r"\blive\.(?:page\.)?\w+", text)}
        quoted = re.findall(r"[\"'`](\w+)[\"'`]", text)
        names |= {f"live.{name}" for name in quoted}
        taken = re.findall(r"\{([^}]*)\}\s*=\s*live\.page\b", text)
        shown = re.findall(r"\w+", " ".join(taken))
        names |= {f"live.page.{name}" for name in shown}
        new = (names & definitions().keys()) - found
        found |= new
        waiting += [definitions()[name] for name in new]
    return found


def joined(*parts: str | Path) -> str:
    """Join scripts, without indents and without lines that are comments.

    Parameters
    ----------
    parts
        Texts, and files.

    Returns
    -------
    str
        A script.
    """
    text = "\n".join(
        part if isinstance(part, str) else part.read_text("utf-8")
        for part in parts
    )
    return re.sub(r"^ *//.*\n|^ +", "", text, flags=re.MULTILINE)


def picture(pixels: np.ndarray) -> str:
    """Write a picture into a script, without loss.

    Parameters
    ----------
    pixels
        A picture, ``uint8`` of shape (H, W) or (H, W, 3).

    Returns
    -------
    str
        The address of a PNG that holds itself (``data:``).
    """
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", optimize=True)
    data = base64.b64encode(file.getvalue()).decode()
    return f"data:image/png;base64,{data}"


def letters(data: bytes) -> str:
    """Write bytes as text that JSON keeps as it is: 13 bits in two letters.

    Base 64 holds 12 in them. The letters are 91, of which 91 * 91 > 2**13.

    Parameters
    ----------
    data
        Bytes.

    Returns
    -------
    str
        What ``live.bytes`` reads.
    """
    bits = np.unpackbits(np.frombuffer(data, "u1"))
    bits = np.pad(bits, (0, -len(bits) % 13)).reshape(-1, 13)
    numbers = bits @ (1 << np.arange(12, -1, -1))
    codes = ord("#") + np.stack(np.divmod(numbers, 91), 1).ravel()
    codes += codes >= ord("\\")
    return codes.astype("u1").tobytes().decode("ascii")


class Network:
    """A network as the engine reads it: kinds of layers, and their weights.

    Weights are kept in 8 bits: for each output, the whole numbers from -127 to
    127 times a scale, or fewer, which deflate to less. Biases keep 32 bits.
    """

    def __init__(self) -> None:
        self.layers: list[dict[str, Any]] = []
        self.data = bytearray()

    def add(
        self,
        kind: str,
        weight: Any = None,
        bias: Any = None,
        *,
        exact: bool = False,
        levels: int = 127,
        **options: Any,
    ) -> None:
        """Add a layer.

        Parameters
        ----------
        kind
            What the engine's ``live.layer`` calls it.
        weight, bias
            Tensors, or ``None``.
        exact
            Whether to keep 32 bits of the weights.
        levels
            The greatest of the whole numbers.
        options
            Numbers, as ``stride``.
        """
        layer = {"kind": kind, **options}
        if weight is not None:
            most = None if exact else levels
            layer["weight"] = self._numbers(weight, most)
        if bias is not None:
            layer["bias"] = self._numbers(bias, None)
        self.layers.append(layer)

    def _numbers(self, tensor: Any, most: int | None) -> dict[str, Any]:
        numbers = tensor.detach().cpu().numpy().astype("<f4")
        found = {"shape": list(numbers.shape)}
        if most is None:
            return {**found, "at": self._append(numbers)}
        rows = numbers.reshape(len(numbers), -1)
        scales = np.maximum(np.abs(rows).max(1), 1e-12) / most
        levels = np.rint(rows / scales[:, None]).astype("i1")
        return {
            **found,
            "at": self._append(levels),
            "scales": self._append(scales.astype("<f4")),
        }

    def _append(self, numbers: np.ndarray) -> int:
        at = len(self.data)
        self.data += numbers.tobytes()
        return at

    def json(self) -> dict[str, Any]:
        """Give the network as JSON.

        Returns
        -------
        dict
            ``layers``, and ``data`` deflated to ``size`` bytes, as letters.
        """
        data = zlib.compress(bytes(self.data), 9)
        return {
            "layers": self.layers,
            "size": len(data),
            "data": letters(data),
        }


#: Levels of a layer of 48,000 weights. Finer ones tell the answers no better:
#: what is rounded off adds up to little over so many.
MANY = 31


def lenet() -> dict[str, Any]:
    """Give LeNet, trained on digits, to the engine."""
    from cvlib.networks import pretrained

    model, network = pretrained("lenet"), Network()
    for layer in [*model.features, *model.classifier]:
        kind = type(layer).__name__
        if kind == "Conv2d":
            padding, _ = layer.padding
            network.add("conv2d", layer.weight, layer.bias, padding=padding)
        elif kind == "MaxPool2d":
            network.add("max_pool2d", kernel=layer.kernel_size)
        elif kind == "Linear":
            levels = MANY if layer.weight.numel() > 40_000 else 127
            network.add("linear", layer.weight, layer.bias, levels=levels)
        else:
            network.add("relu")
    return network.json()


def lenet5() -> dict[str, Any]:
    """Give the network of 1998, trained on digits, to the engine."""
    import torch

    from cvlib.networks import pretrained

    model, network = pretrained("lenet5"), Network()
    shape = model.c3.shape
    table = torch.zeros(shape).index_put(
        tuple(model.c3.pairs), model.c3.weight
    )
    # The picture, widened to 32 by 32 and scaled: a kernel of one weight.
    scale, shift = torch.full((1, 1, 1, 1), 1.275), torch.tensor([-0.1])
    network.add("conv2d", scale, shift, padding=2, exact=True)
    for layer in (model.c1, model.s2, model.c3, model.s4, model.c5):
        weight, options = layer.weight, {}
        if layer is model.c5:
            options = {"levels": MANY}
        elif layer is model.c3:
            weight = table  # zeros for the kernels that are not there
        elif layer in (model.s2, model.s4):
            weight = weight.reshape(-1, 1, 1, 1).expand(-1, 1, 2, 2)
            options = {"stride": 2, "groups": len(weight)}
        network.add("conv2d", weight, layer.bias, **options)
        network.add("scaled_tanh")
    network.add("linear", model.f6.weight, model.f6.bias)
    network.add("scaled_tanh")
    network.add("distances", model.output.weight)
    return network.json()


#: What layers that look at neighbours, or at everything, are called.
_LAYERS = {
    "constant_pad_nd": "padding",
    **{"Conv2d": "conv", "TableConv2d": "conv"},
    **{"MaxPool2d": "pool", "Subsampling": "pool"},
    **{"Linear": "fc", "RadialBasis": "fc", "mean": "mean"},
}


def windows(model: Any, input_size: Sequence[int]) -> list[dict[str, Any]]:
    """Read off a network's receptive fields through which windows it looks.

    Parameters
    ----------
    model
        A network that treats rows and columns alike.
    input_size
        The shape of a picture, (C, H, W).

    Returns
    -------
    list of dict
        For each layer that looks at more than one number: ``name``, which
        counts convolutions and connected layers as AlexNet's paper does,
        unless it has a name of its own; ``place``, its name in the model;
        ``shape`` of its output; and its window, as ``kernel``, ``stride`` and
        ``padding``, or ``whole``.
    """
    from cvlib.layers import summarize

    found: list[dict[str, Any]] = []
    (size, jump, start), number = (1, 1, 0), 0
    for row in summarize(model, input_size).layers:
        if row.kind not in _LAYERS or row.receptive_field is None:
            continue
        kind, field = _LAYERS[row.kind], row.receptive_field
        number += kind in ("conv", "fc")
        counted = "." in row.name and kind in ("conv", "pool", "fc")
        layer: dict[str, Any] = {
            "name": f"{kind}{number}" if counted else row.name,
            "place": row.name,
            "shape": row.output_shape,
        }
        if kind == "padding":
            layer["name"] = kind
        if field.jump[0] == 0:
            layer["whole"] = True
        else:
            layer["kernel"] = (field.size[0] - size) // jump + 1
            layer["stride"] = int(field.jump[0]) // jump
            layer["padding"] = (start - field.start[0]) // jump
        found.append(layer)
        size, jump = field.size[0], int(field.jump[0])
        start = field.start[0]
    return found


def receptive_fields() -> dict[str, Any]:
    """Give the windows of the book's networks, and a picture for each."""
    import torch

    from cvlib.data import mnist_sample, photograph
    from cvlib.networks import AlexNet, LeNet, LeNet5, PlainNet, TutorialNet

    cat = photograph("chelsea")[20:244, 110:334]
    digit = mnist_sample().images[1000, 0].numpy()
    file = io.BytesIO()  # it is only looked at, so it need not be exact
    Image.fromarray(cat).save(file, "webp", quality=80)
    data = base64.b64encode(file.getvalue()).decode()
    large = f"data:image/webp;base64,{data}"
    small = Image.fromarray(cat).resize((32, 32), Image.Resampling.BOX)
    pictures = {
        28: picture(digit),
        32: picture(np.asarray(small)),
        224: large,
    }
    found = {}
    for name, network, channels, side in (
        ("LeNet", LeNet, 1, 28),
        ("LeNet-5", LeNet5, 1, 28),
        ("TutorialNet", TutorialNet, 3, 32),
        ("PlainNet", PlainNet, 3, 32),
        ("AlexNet", AlexNet, 3, 224),
    ):
        with torch.device("meta"):
            layers = windows(network(), (channels, side, side))
        found[name] = {"side": side, "layers": layers}
    return {"networks": found, "pictures": pictures}


def plain_net(model: Any, *, exact: bool = False) -> dict[str, Any]:
    """Give a plain network to the engine, without its normalizations.

    In evaluation, a normalization multiplies each map by a number and adds
    another. The first goes into the weights of the convolution before it, the
    second becomes its bias. Max pooling may lie between: where the number is
    positive, the largest stays the largest.

    Parameters
    ----------
    model
        A :class:`cvlib.networks.PlainNet`.
    exact
        Whether to keep 32 bits of the weights.

    Returns
    -------
    dict
        What :meth:`Network.json` gives. Its ReLUs have the names of the model.

    Raises
    ------
    ValueError
        If a normalization multiplies by a number that is not positive.
    """
    network = Network()
    network.add("scale", a=2, b=-1)
    kinds = [type(layer).__name__ for layer in model.features]
    for at, (kind, layer) in enumerate(
        zip(kinds, model.features, strict=True)
    ):
        if kind == "Conv2d":
            norm = model.features[kinds.index("BatchNorm2d", at)]
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            if scale.min() <= 0:
                raise ValueError(
                    f"features.{at} is followed by scales <= 0"
                )
            network.add(
                "conv2d",
                layer.weight * scale[:, None, None, None],
                norm.bias - norm.running_mean * scale,
                exact=exact,
                padding=layer.padding[0],
            )
        elif kind == "MaxPool2d":
            network.add("max_pool2d", kernel=layer.kernel_size)
        elif kind == "ReLU":
            network.add("relu", name=f"features.{at}")
    network.add("mean")
    last = model.classifier
    network.add("linear", last.weight, last.bias, exact=exact)
    return network.json()


def small_net() -> dict[str, Any]:
    """Give the network that knows CIFAR-10 and is light to the engine."""
    from cvlib.networks import pretrained

    return plain_net(pretrained("small_net"))


def photographs() -> dict[str, str]:
    """Give the photographs of the chapter on networks' insides, 32 x 32."""
    import torch.nn.functional as F
    from torch import from_numpy

    from cvlib.data import photograph

    places = {
        "cat": ("chelsea", 0, 90, 300),
        "rocket": ("rocket", 0, 100, 427),
        "motorcycle": ("motorcycle_left", 0, 120, 500),
    }
    found = {}
    for label, (name, top, left, side) in places.items():
        part = photograph(name)[top : top + side, left : left + side]
        pixels = from_numpy(part).permute(2, 0, 1)[None].double()
        for size in (64, 32):  # as the chapter does
            pixels = F.interpolate(pixels, (size, size), mode="area")
        small = pixels[0].permute(1, 2, 0).round().byte()
        found[label] = picture(small.numpy())
    return found


@functools.cache
def resources() -> dict[str, Callable[[], Any]]:
    """Name what pieces may need beside the engine, and how it is made.

    Returns
    -------
    dict
        From names to functions whose results JSON can hold.
    """
    from cvlib.data import photograph
    from cvlib.figures import palette
    from cvlib.images.pixels import luma

    return {
        "lenet": lenet,
        "receptive_fields": receptive_fields,
        "lenet5": lenet5,
        "palette": lambda: palette,
        "camera": lambda: picture(photograph("camera")[40:296, 130:386]),
        "astronaut": lambda: picture(
            luma(photograph("astronaut"))[60:188, 150:278]
        ),
        "brick": lambda: picture(photograph("brick")[:128, :128]),
        "coins": lambda: picture(photograph("coins")[:160, :244]),
        "page": lambda: picture(photograph("page")[44:144, :256]),
        "small_net": small_net,
        "photographs": photographs,
    }


def written(names: set[str]) -> list[str]:
    """Give definitions in their order."""
    return [text for name, text in definitions().items() if name in names]


def scripts() -> Iterator[tuple[str, str]]:
    """Make all scripts.

    Yields
    ------
    (str, str)
        The name of a file, and its text.
    """
    # The engine holds what every piece needs. A piece brings the rest along,
    # so that no page loads functions that it does not call.
    pieces = sorted((SOURCES / "pieces").glob("*.js"))
    texts = {path.name: path.read_text("utf-8") for path in pieces}
    needs = {name: needed(text) for name, text in texts.items()}
    common = set.intersection(*needs.values())
    # What is fetched after another piece, as digit_1998 after digit, finds
    # there what that one has brought.
    before = {
        name: needs.get(f"{name.rpartition('_')[0]}.js", common)
        for name in texts
    }
    first = "globalThis.live ??= {};\nlive.page = { pieces: {} };"
    yield "engine.js", joined(first, *written(common))
    for name, text in texts.items():
        brought = needs[name] - common - before[name]
        yield name, joined(*written(brought), text)
    for name, make in resources().items():
        text = json.dumps(make(), separators=(",", ":"))
        yield f"{name}.js", f"(live.given ??= {{}}).{name} = {text};\n"


def write(folder: Path) -> list[Path]:
    """Write all scripts.

    Parameters
    ----------
    folder
        Where to; made if it is not there.

    Returns
    -------
    list of Path
        The files.
    """
    paths = []
    for name, text in scripts():
        paths.append(folder / name)
        write_atomically(paths[-1], text.encode())
    return paths


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description="Write what pages compute with."
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("_build/live")
    )
    for path in write(parser.parse_args(arguments).folder):
        print(f"{path.stat().st_size:>9,}  {path}")


if __name__ == "__main__":
    main()
