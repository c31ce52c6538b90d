"""OpenVINO as an engine: the fast path on processors, and on Intel's GPUs."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from realtime.bundle import Bundle
from realtime.engines.base import DeviceTensor, DeviceTensors, Engine, graph_precision
from realtime.engines.compiled_graphs import checked_blobs
from realtime.engines.failures import cannot_open, cannot_run, missing_input, wrong_shape
from realtime.engines.openvino_import import ov
from realtime.errors import EngineError
from realtime.frames import Tensor
from realtime.manifest import GRAPH_NAMES, EnginePrecision, GraphName

Device = Literal["CPU", "GPU"]
_HINTS: dict[EnginePrecision, str] = {"fp32": "f32", "bf16": "bf16", "fp16": "f16", "int8": "f32"}


@dataclass(frozen=True, slots=True, eq=False)
class OpenvinoTensor:
    """A tensor of OpenVINO and the memory it lies in."""

    value: ov.Tensor
    memory: Tensor


class OpenvinoEngine(Engine):
    """The bundle's graphs compiled for a device. Raises EngineError if the device or the precision is not there."""

    def __init__(
        self,
        name: str,
        bundle: Bundle,
        device: Device,
        threads: int | None = None,
        precision: EnginePrecision = "fp32",
        cache: Path | None = None,
    ) -> None:
        self.name, self.precision = name, precision
        core = ov.Core()
        _refuse_missing(core, device, precision)
        options = _options(device, threads)
        self._models = {
            graph: _compiled(core, bundle, graph, device, precision, options, cache) for graph in GRAPH_NAMES
        }
        self._requests = {graph: model.create_infer_request() for graph, model in self._models.items()}
        self._bound: dict[GraphName, dict[str, OpenvinoTensor]] = {graph: {} for graph in GRAPH_NAMES}
        self._inputs = {graph: _shapes(model.inputs) for graph, model in self._models.items()}
        self._outputs = {graph: _shapes(model.outputs) for graph, model in self._models.items()}

    def upload(self, tensors: Mapping[str, Tensor], into: DeviceTensors | None = None) -> DeviceTensors:
        """Copies of the arrays in tensors of OpenVINO."""
        into = into or {name: _allocate(np.shape(tensor)) for name, tensor in tensors.items()}
        for name, tensor in tensors.items():
            target: OpenvinoTensor = into[name]
            if target.memory.shape != np.shape(tensor):
                raise wrong_shape("upload", name, target.memory.shape, np.shape(tensor))
            np.copyto(target.memory, tensor)
        return into

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        """The outputs of graph; `into` is written in place, without a new buffer."""
        if graph not in self._requests:
            raise EngineError(f"{graph}: the engine is closed", hint="open it again")
        request, bound = self._requests[graph], self._bound[graph]
        outputs = into or {name: _allocate(shape) for name, shape in self._outputs[graph].items()}
        try:
            for name, shape in self._inputs[graph].items():
                tensor: OpenvinoTensor = inputs[name]
                if bound.get(name) is not tensor:
                    if tensor.memory.shape != shape:
                        raise wrong_shape(graph, name, shape, tensor.memory.shape)
                    request.set_tensor(name, tensor.value)
                    bound[name] = tensor
        except KeyError as error:
            raise missing_input(graph, error, ", ".join(sorted(inputs))) from error
        for name in self._outputs[graph]:
            if bound.get(name) is not outputs[name]:
                request.set_tensor(name, outputs[name].value)
                bound[name] = outputs[name]
        try:
            request.start_async()
            request.wait()
        except RuntimeError as error:
            raise cannot_run(graph, "OpenVINO", error) from error
        return outputs

    def download(self, tensor: DeviceTensor) -> Tensor:
        """The tensor's own memory."""
        kept: OpenvinoTensor = tensor
        return kept.memory

    def close(self) -> None:
        """Drops the compiled graphs and their memory."""
        self._bound.clear()
        self._requests.clear()
        self._models.clear()


def _refuse_missing(core: ov.Core, device: Device, precision: EnginePrecision) -> None:
    found = core.available_devices
    if not any(name.split(".")[0] == device for name in found):
        raise EngineError(
            f"asked for OpenVINO's {device}, it finds {', '.join(found) or 'no device'}",
            hint="install the device's driver (Intel's compute runtime for a GPU), or pass --engine openvino-cpu",
        )
    if precision == "bf16" and "BF16" not in core.get_property(device, "OPTIMIZATION_CAPABILITIES"):
        raise EngineError(f"this {device} has no bf16 arithmetic", hint="pass --precision fp32 or --precision int8")


def _options(device: Device, threads: int | None) -> dict[str, Any]:
    options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if threads is not None and device == "CPU":
        options["INFERENCE_NUM_THREADS"] = threads
    return options


def _compiled(
    core: ov.Core,
    bundle: Bundle,
    graph: GraphName,
    device: Device,
    precision: EnginePrecision,
    options: dict[str, Any],
    cache: Path | None,
) -> Any:
    path = bundle.graph_path(graph, graph_precision(precision))
    # Keypoints are read in float32: bf16 there moves them by up to half a pixel and saves next to nothing.
    hint = "f32" if precision == "bf16" and graph == "detect_keypoints" else _HINTS[precision]
    options = options | {"INFERENCE_PRECISION_HINT": hint}
    sha256 = bundle.graph(graph, graph_precision(precision)).sha256
    with checked_blobs(cache / "openvino" / sha256[:16]) if cache else nullcontext() as folder:
        try:
            return core.compile_model(str(path), device, options | ({"CACHE_DIR": str(folder)} if folder else {}))
        except RuntimeError as error:
            raise cannot_open(path, f"OpenVINO {ov.__version__}", error) from error


def _shapes(ports: Any) -> dict[str, tuple[int, ...]]:
    return {port.any_name: tuple(port.shape) for port in ports}


def _allocate(shape: tuple[int, ...]) -> OpenvinoTensor:
    memory = np.empty(shape, np.float32)
    return OpenvinoTensor(ov.Tensor(memory, shared_memory=True), memory)
