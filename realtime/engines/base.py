"""The seam between the pipeline and the inference runtimes."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, TypeAlias

from realtime.closing import Closing
from realtime.frames import Tensor
from realtime.manifest import EnginePrecision, GraphName, Precision

# A tensor where the engine keeps it (an OrtValue, a CUDA tensor): opaque to everyone else.
DeviceTensor: TypeAlias = Any
DeviceTensors: TypeAlias = dict[str, DeviceTensor]


class Engine(Closing):
    """Runs the graphs of one bundle. Opened by its constructor, used by one thread at a time.

    Tensors stay where the engine keeps them between graphs; only upload and download cross over.
    """

    name: str
    precision: EnginePrecision

    @abstractmethod
    def upload(self, tensors: Mapping[str, Tensor], into: DeviceTensors | None = None) -> DeviceTensors:
        """Copies of the tensors on the device, under the same names: fresh, or written over `into`, an earlier upload.

        Raises EngineError if a tensor has not the shape of the one it is written over.
        """

    @abstractmethod
    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        """The outputs of graph, in fresh tensors, or overwriting `into`: an earlier result of the same graph.

        inputs may hold more than the graph takes. Raises EngineError if one is missing or does not fit.
        """

    @abstractmethod
    def download(self, tensor: DeviceTensor) -> Tensor:
        """The tensor as a float32 array; it may share memory with the device tensor."""

    @abstractmethod
    def close(self) -> None:
        """Releases the device; closing twice is safe."""


def graph_precision(precision: EnginePrecision) -> Precision:
    """The precision of the files that an engine reads to compute in `precision`."""
    return "fp32" if precision == "bf16" else precision
