"""The seam between the pipeline and the inference runtimes."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, TypeAlias

from realtime.bundle import GraphName
from realtime.closing import Closing
from realtime.frames import Tensor

# A tensor where the engine keeps it (an OrtValue, a CUDA tensor): opaque to everyone else.
DeviceTensor: TypeAlias = Any
DeviceTensors: TypeAlias = dict[str, DeviceTensor]


class Engine(Closing):
    """Runs the graphs of one bundle. Opened by its constructor, used by one thread at a time.

    Tensors stay where the engine keeps them between graphs; only upload and download cross over.
    """

    name: str

    @abstractmethod
    def upload(self, tensors: Mapping[str, Tensor]) -> DeviceTensors:
        """The tensors on the device, under the same names. They may share memory: leave the arrays unchanged after."""

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
