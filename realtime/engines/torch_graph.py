"""An ONNX graph as a torch module: the same file that every other engine reads, one torch function per node."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor, nn

from realtime.engines.failures import cannot_open
from realtime.engines.torch_operators import OPERATORS
from realtime.errors import EngineError

Attributes = dict[str, Any]
# Pads of four axes, before and after, are the longest setting; a picture's places are values.
MOST_SETTINGS = 16
# Their third input is a setting though it is no whole number: scales, and what is padded with.
WITH_FRACTIONS = ("Resize", "Pad")


@dataclass(frozen=True, slots=True)
class Step:
    """One node: what it computes from which values, and what the results are called."""

    compute: Callable[..., Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class TorchGraph(nn.Module):
    """Takes and gives the graph's tensors in the order of `input_names` and `output_names`.

    Raises EngineError where a node is of a kind, or has a setting, that it does not know.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        super().__init__()
        graph = model.graph
        self.input_names = [value.name for value in graph.input]
        self.output_names = [value.name for value in graph.output]
        self.output_shapes = [tuple(d.dim_value for d in v.type.tensor_type.shape.dim) for v in graph.output]
        # Settings (axes, sizes, scales) are plain numbers: read from a tensor, they would part a compiled graph in two
        # and have the GPU waited for.
        self._settings: dict[str, Any] = {}
        self._weights: dict[str, str] = {}
        self._fractional = {name for node in graph.node if node.op_type in WITH_FRACTIONS for name in node.input[2:3]}
        for tensor in graph.initializer:
            self._keep(tensor.name, tensor)
        self._steps: list[Step] = []
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Constant":
                self._keep(node.output[0], attributes["value"])
            else:
                self._steps.append(Step(_operator(node, attributes), tuple(node.input), tuple(node.output)))

    def forward(self, *inputs: Tensor) -> list[Tensor]:
        """The outputs; `inputs` in the order of input_names."""
        values: dict[str, Any] = {"": None, **self._settings, **dict(zip(self.input_names, inputs, strict=True))}
        values |= {name: getattr(self, buffer) for name, buffer in self._weights.items()}
        for step in self._steps:
            results = step.compute(*(values[name] for name in step.inputs))
            values |= dict(zip(step.outputs, results if isinstance(results, tuple) else (results,), strict=True))
        return [values[name] for name in self.output_names]

    def _keep(self, name: str, tensor: onnx.TensorProto) -> None:
        array = numpy_helper.to_array(tensor)
        if array.size <= MOST_SETTINGS and (array.dtype.kind in "iu" or name in self._fractional):
            self._settings[name] = array.tolist()
        else:
            self._weights[name] = f"weight_{len(self._weights)}"
            self.register_buffer(self._weights[name], torch.from_numpy(array.copy()))


def read_graph(path: str) -> TorchGraph:
    """The graph in the file, ready to run. Raises EngineError as TorchGraph does, and where the file is no graph."""
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, OSError) as error:
        raise cannot_open(Path(path), f"onnx {onnx.__version__}", error) from error
    return TorchGraph(model).eval()


def _operator(node: onnx.NodeProto, attributes: Attributes) -> Callable[..., Any]:
    make = OPERATORS.get(node.op_type) if node.domain in ("", "ai.onnx") else None
    if make is None:
        raise EngineError(
            f"{node.op_type}: the torch engines do not know this operator",
            hint="pass --precision fp32, or --engine onnx-cpu, which runs every graph",
        )
    return make(attributes, len(node.output))
