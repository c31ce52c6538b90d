"""torch as an engine: eager, compiled by Inductor, or compiled by torch-tensorrt. The only runtime file with torch."""

import logging
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import torch

from realtime.bundle import Bundle
from realtime.engines.base import DeviceTensor, DeviceTensors, Engine, graph_precision
from realtime.engines.failures import cannot_open, cannot_run, missing_input, wrong_shape
from realtime.engines.torch_graph import TorchGraph, read_graph
from realtime.errors import EngineError
from realtime.frames import Tensor
from realtime.manifest import GRAPH_NAMES, EnginePrecision, GraphName, TensorEntry

Form = Literal["eager", "compile", "tensorrt"]
Run = Callable[..., Sequence[torch.Tensor]]

log = logging.getLogger(__name__)

CALLS_TO_A_REPLAY = 3  # the first compiles, the second records the CUDA graph, the third is the first to replay it


class TorchEngine(Engine):
    """The bundle's graphs as torch modules, on the GPU if torch finds one.

    Opening compiles, so that no frame waits for it. Threads and TF32 are torch's own, hence of the whole process.
    Raises EngineError where the compiler, the package or the GPU that the form needs is missing.
    """

    def __init__(
        self,
        name: str,
        bundle: Bundle,
        form: Form,
        threads: int | None = None,
        precision: EnginePrecision = "fp32",
    ) -> None:
        self.name, self.precision = name, precision
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        _refuse_missing(name, form, self._device)
        if threads is not None:
            torch.set_num_threads(threads)
        torch.backends.cudnn.allow_tf32 = False
        self._graphs: dict[GraphName, TorchGraph] = {}
        self._runs: dict[GraphName, Run] = {}
        for graph in GRAPH_NAMES:
            entry, path = bundle.graph(graph), bundle.graph_path(graph, graph_precision(precision))
            try:
                self._graphs[graph] = read_graph(str(path)).to(self._device)
                self._runs[graph] = self._prepare(graph, form, entry.inputs)
            except RuntimeError as error:
                raise cannot_open(path, f"torch {torch.__version__}", error) from error

    def upload(self, tensors: Mapping[str, Tensor], into: DeviceTensors | None = None) -> DeviceTensors:
        """Copies of the arrays as torch tensors."""
        into = into or {name: self._allocate(np.shape(tensor)) for name, tensor in tensors.items()}
        for name, tensor in tensors.items():
            if tuple(into[name].shape) != np.shape(tensor):
                raise wrong_shape("upload", name, tuple(into[name].shape), np.shape(tensor))
            into[name].copy_(torch.from_numpy(np.ascontiguousarray(tensor, np.float32)))
        return into

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        """The outputs of graph. torch allocates as it computes; the results are copied to where they are kept."""
        if graph not in self._graphs:
            raise EngineError(f"{graph}: the engine is closed", hint="open it again")
        module = self._graphs[graph]
        try:
            given = [inputs[name] for name in module.input_names]
        except KeyError as error:
            raise missing_input(graph, error, ", ".join(sorted(inputs))) from error
        outputs = into or {
            name: self._allocate(shape) for name, shape in zip(module.output_names, module.output_shapes, strict=True)
        }
        try:
            with torch.inference_mode():
                for name, result in zip(module.output_names, self._runs[graph](*given), strict=True):
                    outputs[name].copy_(result)
        except RuntimeError as error:
            raise cannot_run(graph, "torch", error) from error
        return outputs

    def download(self, tensor: DeviceTensor) -> Tensor:
        """The tensor as an array; on a processor it is the tensor's own memory."""
        return np.asarray(tensor.cpu().numpy(), np.float32)

    def close(self) -> None:
        """Drops the graphs and their memory."""
        self._runs.clear()
        self._graphs.clear()

    def _allocate(self, shape: Sequence[int]) -> torch.Tensor:
        return torch.empty(tuple(shape), dtype=torch.float32, device=self._device)

    def _prepare(self, graph: GraphName, form: Form, inputs: Sequence[TensorEntry]) -> Run:
        module = self._graphs[graph]
        if form == "eager":
            return module
        log.info("compiling %s with torch", graph)
        examples = tuple(example_input(entry.name, entry.shape).to(self._device) for entry in inputs)
        if form == "tensorrt":
            return _compiled_by_tensorrt(module, examples)
        # On a GPU "reduce-overhead" replays CUDA graphs; on a processor it is plain Inductor.
        mode = "reduce-overhead" if self._device == "cuda" else "default"
        compiled: Run = torch.compile(module, mode=mode, fullgraph=True)
        with torch.inference_mode():
            for _ in range(CALLS_TO_A_REPLAY if self._device == "cuda" else 1):
                compiled(*examples)
        return compiled


def example_input(name: str, shape: Sequence[int]) -> torch.Tensor:
    """What a graph can be tried with: zeros, and for covariances the identity.

    Of covariances that are zero it makes positions to read at that are no numbers, and a GPU does not survive those.
    """
    return torch.eye(2).expand(*shape).clone() if name.endswith("covariance") else torch.zeros(*shape)


def _compiled_by_tensorrt(module: TorchGraph, examples: tuple[torch.Tensor, ...]) -> Run:
    import torch_tensorrt  # type: ignore[import-not-found,unused-ignore]

    program = torch.export.export(module, examples)
    # The graph says itself what is float16, and keeps keypoints and sampling in float32.
    compiled: Run = torch_tensorrt.dynamo.compile(program, arg_inputs=examples, use_explicit_typing=True)
    return compiled


def _refuse_missing(name: str, form: Form, device: str) -> None:
    if form == "tensorrt" and device != "cuda":
        raise EngineError(
            f"{name}: torch {torch.__version__} finds no CUDA GPU",
            hint="install torch for CUDA and the GPU's driver, or pass --engine onnx-cpu",
        )
    compilers = ("cl",) if sys.platform == "win32" else ("g++", "clang++", "c++")
    if form == "compile" and device == "cpu" and not any(map(shutil.which, compilers)):
        raise EngineError(
            f"{name}: torch.compile needs a C++ compiler and finds none of {', '.join(compilers)}",
            hint="install one (Debian: sudo apt install g++), or pass --engine torch",
        )
