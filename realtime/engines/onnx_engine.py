"""ONNX Runtime as an engine; the execution provider is a name given to it."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime as ort

from realtime.bundle import GRAPH_NAMES, Bundle, GraphName
from realtime.engines.base import DeviceTensor, DeviceTensors, Engine
from realtime.errors import EngineError
from realtime.frames import Tensor

DEVICE = "cpu"  # where inputs and outputs live


class OnnxEngine(Engine):
    """The bundle's graphs in ONNX Runtime sessions.

    Raises EngineError if a graph cannot be opened or runs on another provider than the one asked for.
    """

    def __init__(self, name: str, bundle: Bundle, provider: str, threads: int | None = None) -> None:
        self.name = name
        options = _session_options(threads)
        self._sessions: dict[GraphName, ort.InferenceSession] = {
            graph: _open_session(bundle, graph, provider, options) for graph in GRAPH_NAMES
        }
        self._inputs = {
            graph: [node.name for node in session.get_inputs()] for graph, session in self._sessions.items()
        }
        self._outputs = {
            graph: [node.name for node in session.get_outputs()] for graph, session in self._sessions.items()
        }

    def upload(self, tensors: Mapping[str, Tensor]) -> DeviceTensors:
        """OrtValues that share the arrays' memory."""
        return {
            name: ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(tensor, np.float32), DEVICE)
            for name, tensor in tensors.items()
        }

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        """The outputs of graph; `into` is written in place, without a new buffer."""
        session = self._sessions[graph]
        binding = session.io_binding()
        try:
            for name in self._inputs[graph]:
                binding.bind_ortvalue_input(name, inputs[name])
            for name in self._outputs[graph]:
                if into is None:
                    binding.bind_output(name, DEVICE)
                else:
                    binding.bind_ortvalue_output(name, into[name])
            session.run_with_iobinding(binding)
        except KeyError as error:
            raise EngineError(
                f"{graph}: input {error} is missing; got {', '.join(sorted(inputs))}",
                hint="export the bundle anew: its graphs do not fit together",
            ) from error
        except RuntimeError as error:
            raise EngineError(f"{graph}: ONNX Runtime: {_first_line(error)}", hint="export the bundle anew") from error
        return into if into is not None else dict(zip(self._outputs[graph], binding.get_outputs(), strict=True))

    def download(self, tensor: DeviceTensor) -> Tensor:
        """The OrtValue's content as a float32 array."""
        return np.asarray(tensor.numpy(), np.float32)

    def close(self) -> None:
        """Drops the sessions and their memory."""
        self._sessions.clear()


def _session_options(threads: int | None) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    # Each graph has its own pool: threads that spin after one graph would take the cores from the next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _open_session(bundle: Bundle, graph: GraphName, provider: str, options: ort.SessionOptions) -> ort.InferenceSession:
    path = bundle.graph_path(graph)
    if provider not in ort.get_available_providers():
        raise EngineError(
            f"{graph}: asked for {provider}, this ONNX Runtime has {', '.join(ort.get_available_providers())}",
            hint="install the ONNX Runtime package with that provider, or pass --engine onnx-cpu",
        )
    try:
        session = ort.InferenceSession(path, options, providers=[provider])
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise EngineError(
            f"{path}: ONNX Runtime {ort.__version__} cannot open it: {_first_line(error)}",
            hint="update onnxruntime, or export the bundle anew",
        ) from error
    refuse_fallback(graph, provider, session.get_providers())
    return session


def refuse_fallback(graph: GraphName, wanted: str, active: Sequence[str]) -> None:
    """Raises EngineError if a session's active providers do not begin with the wanted one."""
    if active[0] != wanted:
        raise EngineError(
            f"{graph}: asked for {wanted}, ONNX Runtime chose {active[0]}",
            hint="install onnxruntime-gpu, or pass --engine onnx-cpu",
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
