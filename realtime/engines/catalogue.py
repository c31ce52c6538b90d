"""Engines by name: what each can compute in, what it needs, and opening one. An engine is obeyed or refused."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from realtime.bundle import Bundle
from realtime.engines.base import Engine, graph_precision
from realtime.engines.onnx_packages import GPU_WITH_LIBRARIES
from realtime.errors import EngineError
from realtime.manifest import EnginePrecision


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """One engine in one precision for one bundle. threads: None leaves the choice to the runtime. cache: a folder."""

    name: str
    bundle: Bundle
    precision: EnginePrecision = "fp32"
    threads: int | None = None
    cache: Path | None = None


@dataclass(frozen=True, slots=True)
class EngineKind:
    """What the catalogue says of an engine; the precisions run from the one most trusted to the one most rounded."""

    precisions: tuple[EnginePrecision, ...]
    module: str  # must be importable
    install: str  # the command that brings it
    open: Callable[[EngineRequest], Engine]
    device: Literal["cpu", "gpu", "either"] = "cpu"
    # Whether `auto` may try it: not where opening takes minutes.
    opens_quickly: bool = True


def _onnx(provider: str, install: str, device: Literal["cpu", "cuda"] = "cpu") -> Callable[[EngineRequest], Engine]:
    def open_onnx(request: EngineRequest) -> Engine:
        from realtime.engines.onnx_engine import OnnxEngine, Provider
        from realtime.engines.onnx_providers import provider_options

        options = provider_options(provider, request)
        chosen = Provider(provider, install, device, options)
        return OnnxEngine(request.name, request.bundle, chosen, request.threads, request.precision)

    return open_onnx


def _openvino(device: Literal["CPU", "GPU"]) -> Callable[[EngineRequest], Engine]:
    def open_openvino(request: EngineRequest) -> Engine:
        from realtime.engines.openvino_engine import OpenvinoEngine

        return OpenvinoEngine(request.name, request.bundle, device, request.threads, request.precision, request.cache)

    return open_openvino


def _torch(form: Literal["eager", "compile", "tensorrt"]) -> Callable[[EngineRequest], Engine]:
    def open_torch(request: EngineRequest) -> Engine:
        from realtime.engines.torch_engine import TorchEngine

        return TorchEngine(request.name, request.bundle, form, request.threads, request.precision)

    return open_torch


def _open_tensorrt(request: EngineRequest) -> Engine:
    from realtime.engines.tensorrt_engine import TensorrtEngine

    return TensorrtEngine(request.name, request.bundle, request.precision, request.cache)


_CPU, _DML = "pip install onnxruntime", "pip install onnxruntime-directml"
_GPU = f"pip install {GPU_WITH_LIBRARIES}"
_OPENVINO, _TORCH = "pip install openvino", "pip install torch onnx"
_TENSORRT = "pip install tensorrt cuda-python (from NVIDIA's index)"
_TORCH_TENSORRT = "pip install torch-tensorrt (from NVIDIA's index, beside torch for CUDA)"
_FLOATS: tuple[EnginePrecision, ...] = ("fp32", "fp16")

ENGINES: dict[str, EngineKind] = {
    "onnx-cpu": EngineKind(("fp32", "fp16", "int8"), "onnxruntime", _CPU, _onnx("CPUExecutionProvider", _CPU)),
    "openvino-cpu": EngineKind(("fp32", "bf16", "int8"), "openvino", _OPENVINO, _openvino("CPU")),
    "openvino-gpu": EngineKind(_FLOATS, "openvino", _OPENVINO, _openvino("GPU"), "gpu"),
    "onnx-cuda": EngineKind(_FLOATS, "onnxruntime", _GPU, _onnx("CUDAExecutionProvider", _GPU, "cuda"), "gpu"),
    # Builds its plans when it first opens.
    "onnx-tensorrt": EngineKind(
        _FLOATS, "onnxruntime", _GPU, _onnx("TensorrtExecutionProvider", _GPU, "cuda"), "gpu", opens_quickly=False
    ),
    "onnx-directml": EngineKind(_FLOATS, "onnxruntime", _DML, _onnx("DmlExecutionProvider", _DML), "gpu"),
    "onnx-coreml": EngineKind(_FLOATS, "onnxruntime", _CPU, _onnx("CoreMLExecutionProvider", _CPU), "gpu"),
    "tensorrt": EngineKind(_FLOATS, "numpy", _TENSORRT, _open_tensorrt, "gpu", opens_quickly=False),
    "torch": EngineKind(_FLOATS, "torch", _TORCH, _torch("eager"), "either"),
    "torch-compile": EngineKind(_FLOATS, "torch", _TORCH, _torch("compile"), "either", opens_quickly=False),
    "torch-tensorrt": EngineKind(
        _FLOATS, "torch_tensorrt", _TORCH_TENSORRT, _torch("tensorrt"), "gpu", opens_quickly=False
    ),
}


def open_engine(
    name: str,
    bundle: Bundle,
    threads: int | None = None,
    precision: EnginePrecision = "fp32",
    cache: Path | None = None,
) -> Engine:
    """The engine called name with the bundle's graphs loaded. Raises EngineError; never falls back to another.

    A name may carry the precision: openvino-cpu:int8.
    """
    name, _, named = name.partition(":")
    kind = engine_kind(name)
    precision = _known_precision(named) if named else precision
    if precision not in kind.precisions:
        others = [other for other, its in ENGINES.items() if precision in its.precisions and its.device == "cpu"]
        raise EngineError(
            f"{name} computes in {', '.join(kind.precisions)}; asked for {precision}",
            hint=f"pass --precision {kind.precisions[-1]}, or --engine {' or '.join(others)}",
        )
    bundle.graph("animate", graph_precision(precision))
    if not is_installed(kind):
        raise EngineError(f"{name}: {kind.module} is not installed", hint=f"{kind.install}, or pass --engine auto")
    try:
        return kind.open(EngineRequest(name, bundle, precision, threads, cache))
    except ImportError as error:
        raise EngineError(f"{name}: cannot be imported: {error}", hint=f"{kind.install}, or pass --engine auto") from (
            error
        )


def _known_precision(text: str) -> EnginePrecision:
    for precision in get_args(EnginePrecision):
        if precision == text:
            return precision
    choices = ", ".join(get_args(EnginePrecision))
    raise EngineError(f"unknown precision {text!r}", hint=f"choose one of: {choices}")


def engine_kind(name: str) -> EngineKind:
    """What the catalogue says of name. Raises EngineError with the choices if it knows none."""
    if name not in ENGINES:
        raise EngineError(f"unknown engine {name!r}", hint=f"choose one of: auto, {', '.join(ENGINES)}")
    return ENGINES[name]


def is_installed(kind: EngineKind) -> bool:
    """Whether its package is there; whether it works shows when it opens."""
    return importlib.util.find_spec(kind.module) is not None
