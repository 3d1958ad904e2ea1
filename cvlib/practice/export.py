"""Export: a trained network as a file that runs without the Python in which it was written."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.arguments import check_tensors, integer
from cvlib.files import expect_path, write_atomically

__all__ = ["to_onnx"]

#: The version of ONNX's set of operators that files are written in, the first whose ``Resize``
#: can smooth while it shrinks. Runtimes of 2023 and later know it.
OPERATOR_SET = 18


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
        If an argument is not what was expected, or the graph of the model cannot be found or
        demands that a dynamic axis has one length.
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
        except torch.onnx.OnnxExporterError as error:
            raise ValueError(f"model cannot be exported: {_reason(error)}") from error
    assert program is not None
    proto = program.model_proto
    graph = proto.graph
    named = graph.input[0].type.tensor_type.shape.dim
    for axis, name in axes.items():
        if named[axis].dim_param != name:
            raise ValueError(
                f"model takes {named[axis].dim_value} along axis {axis} of its input and no other "
                f"number; dynamic is {dict(axes)}, expected axes whose length may change"
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


def _example(
    model: nn.Module, example: Tensor, dynamic: Mapping[int, str] | None
) -> tuple[Tensor, dict[int, str]]:
    """Check what is exported, and make a batch of one into a batch of two.

    An axis of length 1 counts as fixed: torch would take 1 for a property of the network.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is a {type(model).__name__}; expected a torch.nn.Module")
    check_tensors(example=example)
    if example.ndim == 0 or 0 in example.shape:
        raise ValueError(
            f"example has shape {tuple(example.shape)}; expected a batch of one picture or more"
        )
    axes = {0: "batch"} if dynamic is None else dict(dynamic)
    for axis in axes:
        if integer("dynamic", axis) >= example.ndim:
            raise ValueError(
                f"dynamic names axis {axis}; expected 0 to {example.ndim - 1}, those of example"
            )
        if example.shape[axis] == 1:
            example = example.repeat_interleave(2, axis)
    return example, axes


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
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _reason(error: BaseException) -> str:
    """Find the sentence behind an exporter's report of many lines."""
    cause: Any = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0] if lines else type(cause).__name__
