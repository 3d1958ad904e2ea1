"""Export: a trained network as a file that runs without the Python in which it was written.

:func:`to_onnx` writes for runtimes of any language, :func:`to_torch` for torch without the source
of the network, :func:`to_web` for a browser. :class:`WithPreprocessing` makes the way from a
picture to numbers a part of what is written.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.arguments import check_tensors, integer
from cvlib.files import expect_path, write_atomically

__all__ = ["WithPreprocessing", "resizing_matrix", "to_onnx", "to_torch", "to_web"]

#: The version of ONNX's set of operators that files are written in, of December 2022. Runtimes
#: read those that are older than they.
OPERATOR_SET = 18


def resizing_matrix(length: int, resized: int, kept: int, *, device: Any = None) -> Tensor:
    """Return the matrix by which a column of pixels becomes a shorter or a longer one.

    Each row holds the weights of one new pixel: a triangle around its place among the old ones, as
    wide as two old or two new pixels, whichever are larger. So nothing is skipped when a picture
    shrinks. ``rows @ picture @ columns.T`` resizes a picture.

    The lengths may be symbols of an export: nothing in here asks how large they are.

    Parameters
    ----------
    length
        How many pixels there are.
    resized
        How many there shall be.
    kept
        How many of these are kept, the middle ones.
    device
        Where to make it.

    Returns
    -------
    Tensor
        ``float32``, (kept, length). Each row adds up to 1.

    References
    ----------
    Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989, section 3.

    Examples
    --------
    >>> resizing_matrix(4, 2, 2)
    tensor([[0.4286, 0.4286, 0.1429, 0.0000],
            [0.0000, 0.1429, 0.4286, 0.4286]])
    """
    spare = resized - kept
    first = spare // 2 + spare % 2 * (spare // 2 % 2)  # half of it, rounded as Python rounds
    scale = length / resized
    middles = (torch.arange(kept, device=device) + first + 0.5) * scale
    places = torch.arange(length, device=device) + 0.5
    reach: Any = torch.sym_max(scale, 1.0)
    weights = (1 - (places - middles[:, None]).abs() / reach).clamp(min=0)
    return weights / weights.sum(1, keepdim=True)


class WithPreprocessing(nn.Module):
    """A network that takes pictures as they are: all that is done to them before is inside.

    The shorter side is resized to ``resize``, the middle square is cut out, 255 becomes 1, and the
    mean is subtracted and divided by the standard deviation. This is what
    :class:`cvlib.images.preprocessing.Preprocess` does, within one of 255 levels, which it rounds
    to. Here it is two products with a matrix and nothing that needs OpenCV or torchvision, so that
    it can be exported, for pictures of any size.

    Parameters
    ----------
    model
        The network. It takes ``(N, C, kept, kept)``.
    resize
        Length in pixels of the shorter side after resizing.
    crop
        Side in pixels of the square that is kept; ``resize`` unless given.
    mean, std
        As many numbers as the pictures have channels, on the scale where white is 1.

    Raises
    ------
    TypeError, ValueError
        If the model is no module, a size is no whole number from 1 up, the crop is larger than the
        picture it is cut from, means and standard deviations differ in number, or one of the latter
        is not positive.

    Examples
    --------
    >>> model = WithPreprocessing(nn.Flatten(), resize=1, mean=(0.5,), std=(0.25,))
    >>> model(torch.full((2, 2, 6, 1), 255, dtype=torch.uint8))
    tensor([[2.],
            [2.]])
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        model: nn.Module,
        *,
        resize: int,
        crop: int | None = None,
        mean: Sequence[float] = (0.0,),
        std: Sequence[float] = (1.0,),
    ) -> None:
        super().__init__()
        _expect_module(model)
        self.resize = integer("resize", resize, least=1)
        self.crop = self.resize if crop is None else integer("crop", crop, least=1)
        if self.crop > self.resize:
            raise ValueError(f"crop is {crop}; expected at most resize, {resize}")
        if len(mean) != len(std) or not len(mean):
            raise ValueError(
                f"mean is {mean!r} and std {std!r}; expected one of each for each channel"
            )
        if not all(each > 0 for each in std):
            raise ValueError(f"std is {std!r}; expected numbers above 0")
        self.model = model
        for name, values in (("mean", mean), ("std", std)):
            numbers = torch.tensor(values, dtype=torch.float32).view(-1, 1, 1)
            self.register_buffer(name, numbers, persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """Prepare pictures and hand them to the network.

        Parameters
        ----------
        pictures
            ``uint8``, (N, H, W, C) in RGB, or with one channel where they are grey: what an array
            of decoded pictures is.

        Returns
        -------
        Tensor
            What the network gives.
        """
        height, width = pictures.shape[1:3]
        short: Any = torch.sym_min(height, width)
        rows, columns = (
            resizing_matrix(side, self.resize * side // short, self.crop, device=pictures.device)
            for side in (height, width)
        )
        x = rows @ pictures.permute(0, 3, 1, 2).to(rows.dtype) @ columns.T
        return self.model((x / 255 - self.mean) / self.std)


def to_onnx(
    model: nn.Module,
    path: str | os.PathLike[str],
    *,
    example: Tensor,
    dynamic: Mapping[int, str] | None = None,
) -> Path:
    """Write a network as an ONNX file, for programs that have neither torch nor Python.

    The file holds operators and weights, and nothing of where it was made. torch would also note
    the line of source behind each operator, with the folder in which it lies.

    Parameters
    ----------
    model
        Takes one tensor and gives one. It is exported in evaluation mode, and left as it was.
    path
        The file, ``*.onnx``, written at once or not at all.
    example
        A batch that the network takes, of any number of pictures: its values do not matter, its
        shape and dtype do.
    dynamic
        The axes of the input that may have another length in each call, and their names in the
        file. Without it ``{0: "batch"}``: the first alone.

    Returns
    -------
    pathlib.Path
        The file. Its input is named ``"pictures"``, its output ``"logits"``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what was expected, the model gives several tensors, or its graph
        cannot be found or demands a certain length of a dynamic axis.
    ModuleNotFoundError
        If onnx or onnxscript is not installed.
    OSError
        If the file cannot be written.

    References
    ----------
    "Open Neural Network Exchange: intermediate representation specification", onnx.ai.

    Examples
    --------
    >>> import tempfile
    >>> from cvlib.networks import pretrained
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = to_onnx(pretrained("lenet"), f"{folder}/lenet.onnx",
    ...                    example=torch.zeros(1, 1, 28, 28))
    ...     path.name, path.stat().st_size > 4 * 61_706  # four bytes a weight, and the graph
    ('lenet.onnx', True)
    """
    place = expect_path(path)
    example, axes = _example(model, example, dynamic)
    _need("onnx", "onnxscript")
    with _evaluating(model), _quiet():
        try:
            program = torch.onnx.export(
                model,
                (example,),
                dynamo=True,
                input_names=["pictures"],
                output_names=["logits"],
                dynamic_shapes=(axes,),
                opset_version=OPERATOR_SET,
                verbose=False,
            )
        except Exception as error:  # each step of the way has errors of its own
            raise ValueError(f"model cannot be exported: {_reason(error)}") from error
    assert program is not None
    proto = program.model_proto
    graph = proto.graph
    named = graph.input[0].type.tensor_type.shape.dim
    _expect_one(len(graph.output))
    for axis, name in axes.items():
        if (found := named[axis].dim_param or named[axis].dim_value) != name:
            raise ValueError(
                f"model wants the length of axis {axis}, {name}, to be {found}; dynamic is {axes}, "
                "expected axes whose lengths are free"
            )
    # Where a line of source lies is nobody's business, and the same model gives the same bytes.
    for part in (
        *(proto, graph, *graph.node, *graph.initializer),
        *(*graph.input, *graph.output, *graph.value_info),
    ):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    proto.producer_version = proto.producer_version.partition("+")[0]
    write_atomically(place, proto.SerializeToString(deterministic=True))
    return place


def to_torch(
    model: nn.Module,
    path: str | os.PathLike[str],
    *,
    example: Tensor,
    dynamic: Mapping[int, str] | None = None,
) -> Path:
    """Write a network as a program of torch, which runs without the source of the network.

    ``torch.export.load(path).module()`` is the network. The file holds its graph and weights, and
    nothing of where it was made, nor the values of the example: ``torch.export.save`` would keep
    both.

    Parameters
    ----------
    model
        Takes one tensor and gives one. It is exported in evaluation mode, and left as it was.
    path
        The file, ``*.pt2``, written at once or not at all.
    example
        A batch that the network takes, of any number of pictures.
    dynamic
        As in :func:`to_onnx`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what was expected, the model gives several tensors, or its graph
        cannot be found or demands a certain length of a dynamic axis.
    OSError
        If the file cannot be written.

    References
    ----------
    "torch.export", PyTorch's documentation.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = to_torch(nn.Linear(3, 2), f"{folder}/line.pt2", example=torch.zeros(1, 3))
    ...     torch.export.load(path).module()(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """
    place = expect_path(path)
    program = _program(model, example, dynamic)
    data = io.BytesIO()
    with _quiet():
        torch.export.save(program, data)
    write_atomically(place, data.getvalue())
    return place


def to_web(model: nn.Module, path: str | os.PathLike[str], *, example: Tensor) -> Path:
    """Write a network that reads digits as a page, on which one draws a digit and sees it read.

    The page is one file. It needs a browser and nothing else, not even a network to load from: it
    holds the graph, the weights as ``float32``, and a script that goes through the graph. Before
    that, the script makes a picture of what was drawn, as :func:`cvlib.data.rasterize` does.

    Parameters
    ----------
    model
        Takes ``(N, 1, 28, 28)``, gives ten numbers, and consists of what the script can compute:
        convolutions, fully connected layers, max pooling, ReLU, tanh, flattening.
    path
        The file, ``*.html``, written at once or not at all.
    example
        A batch that the network takes, of any number of pictures.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what was expected, the model takes other pictures, or it does what
        the script cannot.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from cvlib.networks import pretrained
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = to_web(pretrained("lenet"), f"{folder}/lenet.html",
    ...                   example=torch.zeros(1, 1, 28, 28))
    ...     "http" in path.read_text()
    False
    """
    place = expect_path(path)
    if isinstance(example, Tensor) and example.shape[1:] != (1, 28, 28):
        raise ValueError(
            f"example has shape {tuple(example.shape)}; expected (N, 1, 28, 28): the page reads "
            "drawn digits"
        )
    program = _program(model, example, None)
    steps, weights = _steps(program), bytearray()
    *_, (gives,) = (node.args[0] for node in program.graph.nodes if node.op == "output")
    if tuple(gives.meta["val"].shape[1:]) != (10,):
        raise ValueError(
            f"model gives {tuple(gives.meta['val'].shape)[1:]} for a picture; expected ten numbers"
        )
    tensors = {}
    names = program.graph_signature.inputs_to_parameters | program.graph_signature.inputs_to_buffers
    for name, target in names.items():
        numbers = program.state_dict[target].detach().cpu().numpy().astype("<f4")
        tensors[name] = {"shape": list(numbers.shape), "at": len(weights)}
        weights += numbers.tobytes()
    graph = {
        "input": program.graph_signature.user_inputs[0],
        "output": program.graph_signature.user_outputs[0],
        "tensors": tensors,
        "steps": steps,
        "weights": base64.b64encode(weights).decode(),
    }
    folder = Path(__file__).parent
    page = (folder / "page.html").read_text("utf-8")
    parts = {"{{script}}": (folder / "page.js").read_text("utf-8"), "{{graph}}": json.dumps(graph)}
    for mark, part in parts.items():
        page = page.replace(mark, part)
    write_atomically(place, page.encode())
    return place


#: What page.js computes, by the names of torch's operators.
WEB_OPERATORS = ("conv2d", "linear", "max_pool2d", "relu", "tanh", "flatten", "dropout")


def _steps(program: torch.export.ExportedProgram) -> list[dict[str, Any]]:
    """Write the graph as JSON: nodes by name, numbers and lists of numbers as they are."""

    def plain(value: Any) -> Any:
        if isinstance(value, torch.fx.Node):
            return {"node": value.name}
        return [plain(each) for each in value] if isinstance(value, list | tuple) else value

    steps = []
    for node in program.graph.nodes:
        if node.op != "call_function":
            continue
        operator = str(node.target).split(".")[1]
        if operator not in WEB_OPERATORS:
            raise ValueError(
                f"model computes {operator}, which the page cannot; "
                f"expected only {', '.join(WEB_OPERATORS)}"
            )
        steps.append({"name": node.name, "operator": operator, "inputs": plain(node.args)})
    return steps


def _program(
    model: nn.Module, example: Tensor, dynamic: Mapping[int, str] | None
) -> torch.export.ExportedProgram:
    """Find the graph of a model, without a trace of where it was found."""
    example, axes = _example(model, example, dynamic)
    dims = {axis: torch.export.Dim(name) for axis, name in axes.items()}
    with _evaluating(model), _quiet():
        try:
            program = torch.export.export(model, (example,), dynamic_shapes=(dims,))
        except Exception as error:  # each step of the way has errors of its own
            raise ValueError(f"model cannot be exported: {_reason(error)}") from error
    _expect_one(len(program.graph_signature.user_outputs))
    for module in program.graph_module.modules():
        for node in getattr(getattr(module, "graph", None), "nodes", ()):
            node.meta.pop("stack_trace", None)
    return program


def _example(
    model: nn.Module, example: Tensor, dynamic: Mapping[int, str] | None
) -> tuple[Tensor, dict[int, str]]:
    """Check what is exported, and make a batch of one into a batch of two.

    An axis of length 1 counts as fixed: torch would take 1 for a property of the network.
    """
    _expect_module(model)
    check_tensors(example=example)
    if example.ndim == 0 or 0 in example.shape:
        raise ValueError(
            f"example has shape {tuple(example.shape)}; expected a batch of one picture or more"
        )
    if not isinstance(dynamic, Mapping | None):
        raise TypeError(f"dynamic is {dynamic!r}; expected names by axis, such as {{0: 'batch'}}")
    axes = {0: "batch"} if dynamic is None else dict(dynamic)
    for axis, name in axes.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"dynamic names axis {axis} {name!r}; expected a name such as 'batch'")
        if integer("dynamic", axis) >= example.ndim:
            raise ValueError(
                f"dynamic names axis {axis}; expected 0 to {example.ndim - 1}, those of example"
            )
        if example.shape[axis] == 1:
            example = example.repeat_interleave(2, axis)
    return torch.zeros_like(example), axes  # a file keeps no picture that somebody happened to have


def _expect_module(model: object) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is a {type(model).__name__}; expected a torch.nn.Module")


def _expect_one(tensors: int) -> None:
    if tensors != 1:
        raise ValueError(f"model gives {tensors} tensors; expected one")


def _need(*modules: str) -> None:
    """Refuse to go on without what the extra ``practice`` installs."""
    from importlib.util import find_spec

    absent = [name for name in modules if find_spec(name) is None]
    if absent:
        raise ModuleNotFoundError(
            f"{' and '.join(absent)} not installed; expected what "
            "pip install 'cvlib-course[practice]' brings",
            name=absent[0],
        )


@contextlib.contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode, and each of its parts back into the mode that it had."""
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep an exporter's talk of its own steps and of its own deprecations from the screen."""
    silent = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(silent)


def _reason(error: BaseException) -> str:
    """Find the sentence behind an exporter's report of many lines."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    lines = [line.strip(" -") for line in str(cause).splitlines() if line.strip()]
    if not lines:
        return type(cause).__name__
    more = lines[0].endswith(":") or "For more information" in lines[0]
    return " ".join(lines[: 1 + more]).replace(
        ' For more information, run with TORCH_LOGS="+dynamic".', ""
    )
