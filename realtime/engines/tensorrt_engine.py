"""TensorRT as an engine of its own: plans from the cache, tensors in CUDA memory, no torch."""

import functools
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realtime.bundle import Bundle
from realtime.engines.base import DeviceTensor, DeviceTensors, Engine, graph_precision
from realtime.engines.failures import cannot_run, missing_input, wrong_shape
from realtime.engines.gpu import first_gpu
from realtime.engines.tensorrt_build import INSTALL, build_plan, load_tensorrt, plan_key, runtime_name
from realtime.engines.tensorrt_plans import open_plan
from realtime.errors import EngineError
from realtime.frames import Tensor
from realtime.manifest import GRAPH_NAMES, EnginePrecision, GraphName


@dataclass(frozen=True, slots=True, eq=False)
class CudaTensor:
    """Float32 memory on the GPU."""

    address: int
    shape: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        """How much memory it takes."""
        return 4 * int(np.prod(self.shape))


class TensorrtEngine(Engine):
    """The bundle's graphs as TensorRT plans. Raises EngineError if TensorRT, CUDA or the GPU is missing."""

    def __init__(
        self, name: str, bundle: Bundle, precision: EnginePrecision = "fp32", cache: Path | None = None
    ) -> None:
        self.name, self.precision = name, precision
        tensorrt = load_tensorrt(name)
        gpu = first_gpu(name)
        self._cuda = _load_cuda(name)
        self._stream = self._check(self._cuda.cudaStreamCreate())
        self._allocated: list[CudaTensor] = []
        self._kept = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.ERROR))
        self._contexts: dict[GraphName, Any] = {}
        self._shapes: dict[GraphName, dict[str, tuple[int, ...]]] = {}
        self._entries = {graph: bundle.graph(graph, graph_precision(precision)) for graph in GRAPH_NAMES}
        for graph, entry in self._entries.items():
            path = bundle.path / entry.file
            key = plan_key(tensorrt, entry, precision, name)
            build = functools.partial(build_plan, tensorrt, path)
            plan = build() if cache is None else open_plan(cache, key, graph, build)
            engine = self._kept.deserialize_cuda_engine(plan)
            if engine is None:
                raise EngineError(
                    f"{path}: {runtime_name(tensorrt)} refuses its own plan on {gpu.name}",
                    hint=f"delete {cache}/tensorrt and start again, or pass --engine onnx-cuda",
                )
            self._contexts[graph] = engine.create_execution_context()

    def upload(self, tensors: Mapping[str, Tensor], into: DeviceTensors | None = None) -> DeviceTensors:
        """Copies of the arrays in CUDA memory."""
        into = into or {name: self._allocate(np.shape(tensor)) for name, tensor in tensors.items()}
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
        for name, tensor in tensors.items():
            target: CudaTensor = into[name]
            if target.shape != np.shape(tensor):
                raise wrong_shape("upload", name, target.shape, np.shape(tensor))
            array = np.ascontiguousarray(tensor, np.float32)
            self._check(self._cuda.cudaMemcpy(target.address, array.ctypes.data, target.size_bytes, kind))
        return into

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        """The outputs of graph, complete when this returns; `into` is written in place."""
        if graph not in self._contexts:
            raise EngineError(f"{graph}: the engine is closed", hint="open it again")
        context, entry = self._contexts[graph], self._entries[graph]
        outputs = into or {tensor.name: self._allocate(tensor.shape) for tensor in entry.outputs}
        for tensor in entry.inputs:
            if tensor.name not in inputs:
                raise missing_input(graph, repr(tensor.name), ", ".join(sorted(inputs)))
            given: CudaTensor = inputs[tensor.name]
            if given.shape != tensor.shape:
                raise wrong_shape(graph, tensor.name, tensor.shape, given.shape)
            context.set_tensor_address(tensor.name, given.address)
        for tensor in entry.outputs:
            context.set_tensor_address(tensor.name, outputs[tensor.name].address)
        if not context.execute_async_v3(int(self._stream)):
            raise cannot_run(graph, "TensorRT", RuntimeError("the execution was refused"))
        self._check(self._cuda.cudaStreamSynchronize(self._stream))
        return outputs

    def download(self, tensor: DeviceTensor) -> Tensor:
        """A copy in the processor's memory."""
        source: CudaTensor = tensor
        array = np.empty(source.shape, np.float32)
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._check(self._cuda.cudaMemcpy(array.ctypes.data, source.address, source.size_bytes, kind))
        return array

    def close(self) -> None:
        """Frees the GPU's memory."""
        self._contexts.clear()
        while self._allocated:
            self._cuda.cudaFree(self._allocated.pop().address)

    def _allocate(self, shape: Sequence[int]) -> CudaTensor:
        size = 4 * int(np.prod(shape))
        tensor = CudaTensor(int(self._check(self._cuda.cudaMalloc(size))), tuple(shape))
        self._allocated.append(tensor)
        return tensor

    def _check(self, answer: tuple[Any, ...]) -> Any:
        """The value of a CUDA call; EngineError if it failed."""
        status, *values = answer
        if int(status) != 0:
            raise cannot_run("CUDA", "TensorRT", RuntimeError(str(status)))
        return values[0] if values else None


def _load_cuda(engine: str) -> Any:
    try:
        return importlib.import_module("cuda.bindings.runtime")
    except (ImportError, OSError) as error:
        raise EngineError(f"{engine}: cuda-python cannot be imported ({error})", hint=INSTALL) from error
