"""ONNX Runtime as an engine; the execution provider is a value given to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import onnxruntime as ort

from realtime.bundle import Bundle
from realtime.engines.base import DeviceTensor, DeviceTensors, Engine, graph_precision
from realtime.engines.failures import cannot_open, cannot_run, missing_input, wrong_shape
from realtime.engines.onnx_packages import collision, installed_distributions
from realtime.errors import EngineError
from realtime.frames import Tensor
from realtime.manifest import GRAPH_NAMES, EnginePrecision, GraphName


@dataclass(frozen=True, slots=True)
class Provider:
    """An execution provider of ONNX Runtime: its name there, where tensors live, its options, and what brings it."""

    name: str
    install: str
    device: Literal["cpu", "cuda"] = "cpu"
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class OrtTensor:
    """A value of ONNX Runtime, and its memory where that is the processor's."""

    value: ort.OrtValue
    memory: Tensor | None


class OnnxEngine(Engine):
    """The bundle's graphs in ONNX Runtime sessions.

    Raises EngineError if a graph cannot be opened or runs on another provider than the one asked for.
    """

    def __init__(
        self,
        name: str,
        bundle: Bundle,
        provider: Provider,
        threads: int | None = None,
        precision: EnginePrecision = "fp32",
    ) -> None:
        self.name, self.precision = name, precision
        self._device = provider.device
        _refuse_missing(provider)
        if provider.device == "cuda":
            ort.preload_dlls()  # CUDA's libraries that pip installs lie where the system's loader does not look
        options = _session_options(threads, provider)
        self._sessions = {graph: _open_session(bundle, graph, provider, options, precision) for graph in GRAPH_NAMES}
        # One binding for a graph's life: what stays in place, such as the source's features, is bound once.
        self._bindings = {graph: session.io_binding() for graph, session in self._sessions.items()}
        self._bound: dict[GraphName, dict[str, OrtTensor]] = {graph: {} for graph in GRAPH_NAMES}
        self._inputs = {graph: [node.name for node in s.get_inputs()] for graph, s in self._sessions.items()}
        self._outputs = {
            graph: {node.name: tuple(node.shape) for node in s.get_outputs()} for graph, s in self._sessions.items()
        }

    def upload(self, tensors: Mapping[str, Tensor], into: DeviceTensors | None = None) -> DeviceTensors:
        """Copies of the arrays in OrtValues."""
        into = into or {name: self._allocate(np.shape(tensor)) for name, tensor in tensors.items()}
        for name, tensor in tensors.items():
            target: OrtTensor = into[name]
            if (wanted := tuple(target.value.shape())) != np.shape(tensor):
                raise wrong_shape("upload", name, wanted, np.shape(tensor))
            if target.memory is not None:
                np.copyto(target.memory, tensor)
            else:
                target.value.update_inplace(np.ascontiguousarray(tensor, np.float32))
        return into

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        """The outputs of graph; `into` is written in place, without a new buffer."""
        if graph not in self._sessions:
            raise EngineError(f"{graph}: the engine is closed", hint="open it again")
        outputs = into or {name: self._allocate(shape) for name, shape in self._outputs[graph].items()}
        binding, bound = self._bindings[graph], self._bound[graph]
        try:
            for name in self._inputs[graph]:
                tensor: OrtTensor = inputs[name]
                if bound.get(name) is not tensor:
                    binding.bind_ortvalue_input(name, tensor.value)
                    bound[name] = tensor
            for name in self._outputs[graph]:
                if bound.get(name) is not outputs[name]:
                    binding.bind_ortvalue_output(name, outputs[name].value)
                    bound[name] = outputs[name]
            self._sessions[graph].run_with_iobinding(binding)
        except KeyError as error:
            raise missing_input(graph, error, ", ".join(sorted(inputs))) from error
        except (RuntimeError, ValueError) as error:
            raise cannot_run(graph, "ONNX Runtime", error) from error
        return outputs

    def download(self, tensor: DeviceTensor) -> Tensor:
        """The OrtValue's content as a float32 array."""
        kept: OrtTensor = tensor
        return kept.memory if kept.memory is not None else np.asarray(kept.value.numpy(), np.float32)

    def close(self) -> None:
        """Drops the sessions and their memory."""
        self._bound.clear()
        self._bindings.clear()
        self._sessions.clear()

    def _allocate(self, shape: Sequence[int]) -> OrtTensor:
        if self._device == "cpu":
            memory = np.empty(shape, np.float32)
            return OrtTensor(ort.OrtValue.ortvalue_from_numpy(memory), memory)
        return OrtTensor(ort.OrtValue.ortvalue_from_shape_and_type(list(shape), np.float32, self._device, 0), None)


def refuse_fallback(graph: GraphName, wanted: str, active: Sequence[str], install: str) -> None:
    """Raises EngineError if a session's active providers do not begin with the wanted one."""
    if active[0] != wanted:
        raise EngineError(
            f"{graph}: asked for {wanted}, ONNX Runtime chose {active[0]}", hint=f"{install}, or pass --engine onnx-cpu"
        )


def _refuse_missing(provider: Provider) -> None:
    available = ort.get_available_providers()
    if provider.name in available:
        return
    found = f"asked for {provider.name}, this ONNX Runtime {ort.__version__} has {', '.join(available)}"
    installed = installed_distributions()
    if (mend := collision(installed)) is not None:
        raise EngineError(f"{found}; {' and '.join(installed)} overwrite each other", hint=mend)
    raise EngineError(found, hint=f"{provider.install}, or pass --engine onnx-cpu")


def _session_options(threads: int | None, provider: Provider) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    # Each graph has its own pool: threads that spin after one graph would take the cores from the next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if provider.name == "DmlExecutionProvider":
        options.enable_mem_pattern = False  # DirectML asks for it
    return options


def _open_session(
    bundle: Bundle, graph: GraphName, provider: Provider, options: ort.SessionOptions, precision: EnginePrecision
) -> ort.InferenceSession:
    path = bundle.graph_path(graph, graph_precision(precision))
    try:
        session = ort.InferenceSession(path, options, providers=[(provider.name, dict(provider.options))])
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise cannot_open(path, f"ONNX Runtime {ort.__version__}", error) from error
    refuse_fallback(graph, provider.name, session.get_providers(), provider.install)
    return session
