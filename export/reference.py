"""torch in float32 behind the live runtime's seam: the reference that every engine and precision is held against."""

from collections.abc import Mapping

import numpy as np
import torch

from export.graphs import Graph
from realtime.engines.base import DeviceTensor, DeviceTensors, Engine
from realtime.frames import Tensor
from realtime.manifest import GraphName


class ReferenceEngine(Engine):
    """Runs the modules that are exported, not the files they become."""

    def __init__(self, graphs: list[Graph[GraphName]]) -> None:
        self.name, self.precision = "torch-reference", "fp32"
        self._graphs = {graph.name: graph for graph in graphs}

    def upload(self, tensors: Mapping[str, Tensor], into: DeviceTensors | None = None) -> DeviceTensors:
        """Copies as torch tensors."""
        copies = {name: torch.from_numpy(np.array(tensor, np.float32)) for name, tensor in tensors.items()}
        return (into or {}) | copies

    @torch.no_grad()
    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        """The module's outputs, always fresh."""
        known = self._graphs[graph]
        outputs = known.module(*(inputs[name] for name in known.inputs))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return dict(zip(known.output_names, outputs, strict=True))

    def download(self, tensor: DeviceTensor) -> Tensor:
        """The tensor as an array."""
        return np.asarray(tensor.numpy(), np.float32)

    def close(self) -> None:
        """Nothing to give back."""
