"""A chain of layers as a file for ONNX Runtime, and the same in whole numbers of eight bits.

:func:`torch.onnx.export` writes any network, and takes seconds to look at it. Here only chains of
known layers are written, at once, and one sees what such a file is: a list of operations, each
with the names of what it takes and gives, and the weights by name.
"""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cvlib.arguments import integer

__all__ = ["int8_onnx", "onnx_session", "write_onnx_chain"]

_OPSET, _IR = 17, 8  # read by every ONNX Runtime since 1.13


def write_onnx_chain(
    layers: Iterable[nn.Module], path: str | os.PathLike[str], shape: Sequence[int]
) -> None:
    """Write layers that run one after another as an ONNX file.

    Parameters
    ----------
    layers
        ``Conv2d``, ``BatchNorm2d``, ``ReLU``, ``MaxPool2d``, ``Flatten``, ``Linear``, and
        ``AdaptiveAvgPool2d(1)``, in the order in which they run; written as they evaluate.
    path
        The file.
    shape
        Of one input, without the batch, whose size stays free: (C, H, W).

    Raises
    ------
    ValueError
        If a layer is of another kind, or computes what is not written here.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_onnx_chain([nn.Conv2d(1, 2, 3), nn.ReLU()], Path(folder) / "net.onnx", (1, 5, 5))
    ...     (Path(folder) / "net.onnx").stat().st_size < 1000
    True
    """
    from onnx import TensorProto, checker, helper, numpy_helper, save

    chain = copy.deepcopy(nn.Sequential(*layers)).cpu().eval()
    with torch.no_grad():
        result = chain(torch.zeros(1, *shape)).shape[1:]
    nodes, weights = [], []
    name = "x"
    for number, layer in enumerate(chain):
        operation, parameters, attributes = _operation(layer)
        inputs = [name]
        for role, tensor in parameters.items():
            inputs.append(f"{role}_{number}")
            weights.append(numpy_helper.from_array(tensor.detach().numpy(), inputs[-1]))
        name = f"y_{number}"
        nodes.append(helper.make_node(operation, inputs, [name], **attributes))
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *shape])
    made = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *result])
    graph = helper.make_graph(nodes, "chain", [given], [made], weights)
    opsets = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR)
    checker.check_model(model)
    save(model, os.fspath(path))


def int8_onnx(
    path: str | os.PathLike[str],
    target: str | os.PathLike[str],
    pictures: Tensor,
    *,
    batch_size: int = 50,
) -> None:
    """Write an ONNX file anew with weights and activations of eight bits, by ONNX Runtime's tool.

    Ranges of activations are the lowest and the highest numbers on ``pictures``; each filter has a
    scale of its own.

    Parameters
    ----------
    path
        The file in ``float32``, with one input named ``x``.
    target
        The file to write.
    pictures
        To calibrate on, (N, C, H, W), as the network takes them.
    batch_size
        Pictures at a time.

    Raises
    ------
    ValueError
        If there is no picture, or the batch is empty.

    Examples
    --------
    >>> import tempfile, torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     large, small = Path(folder) / "large.onnx", Path(folder) / "small.onnx"
    ...     write_onnx_chain([nn.Flatten(), nn.Linear(400, 90)], large, (1, 20, 20))
    ...     int8_onnx(large, small, torch.rand(8, 1, 20, 20))
    ...     round(large.stat().st_size / small.stat().st_size, 1)
    3.7
    """
    integer("batch_size", batch_size, least=1)
    if not len(pictures):
        raise ValueError("pictures is empty; expected some to calibrate on")
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    class Pictures(CalibrationDataReader):
        def __init__(self) -> None:
            self.batches = iter(pictures.split(batch_size))

        def get_next(self) -> dict[str, Any] | None:
            batch = next(self.batches, None)
            return None if batch is None else {"x": batch.numpy()}

    # It advises on the root logger, which a notebook shows as an error.
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        quantize_static(os.fspath(path), os.fspath(target), Pictures(), per_channel=True)
    finally:
        logger.setLevel(level)


def onnx_session(path: str | os.PathLike[str]) -> Any:
    """Load an ONNX file to run it with one thread of the processor.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    onnxruntime.InferenceSession
        ``session.run(None, {"x": array})[0]`` gives the outputs.

    Examples
    --------
    >>> import tempfile, torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_onnx_chain([nn.ReLU()], Path(folder) / "relu.onnx", (2,))
    ...     session = onnx_session(Path(folder) / "relu.onnx")
    >>> session.run(None, {"x": torch.tensor([[-1.0, 2.0]]).numpy()})[0].tolist()
    [[0.0, 2.0]]
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        Path(path).read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def _operation(layer: nn.Module) -> tuple[str, dict[str, Tensor], dict[str, Any]]:
    """Return ONNX's name of a layer, its weights by role, and its attributes."""
    if isinstance(layer, nn.Conv2d) and layer.padding_mode == "zeros":
        weights = {"weight": layer.weight, "bias": layer.bias}
        padding = layer.padding
        if not isinstance(padding, str):
            return (
                "Conv",
                {role: each for role, each in weights.items() if each is not None},
                {
                    "kernel_shape": list(layer.kernel_size),
                    "strides": list(layer.stride),
                    "pads": [*padding, *padding],
                    "dilations": list(layer.dilation),
                    "group": layer.groups,
                },
            )
    if isinstance(layer, nn.BatchNorm2d) and layer.affine and layer.running_mean is not None:
        statistics = {"mean": layer.running_mean, "variance": layer.running_var}
        roles = {"weight": layer.weight, "bias": layer.bias, **statistics}
        known = {role: each for role, each in roles.items() if each is not None}
        return "BatchNormalization", known, {"epsilon": layer.eps}
    if isinstance(layer, nn.Linear) and layer.bias is not None:
        return "Gemm", {"weight": layer.weight, "bias": layer.bias}, {"transB": 1}
    if isinstance(layer, nn.MaxPool2d) and not (layer.padding or layer.ceil_mode):
        sizes = {"kernel_shape": layer.kernel_size, "strides": layer.stride}
        pairs = {key: [each] * 2 if isinstance(each, int) else each for key, each in sizes.items()}
        return "MaxPool", {}, pairs
    if isinstance(layer, nn.AdaptiveAvgPool2d) and layer.output_size in (1, (1, 1)):
        return "GlobalAveragePool", {}, {}
    if isinstance(layer, nn.Flatten):
        return "Flatten", {}, {}
    if isinstance(layer, nn.ReLU):
        return "Relu", {}, {}
    raise ValueError(f"layers has {layer}; expected one that is written here")
