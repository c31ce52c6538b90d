"""Engines by name."""

from realtime.bundle import Bundle
from realtime.engines.base import Engine
from realtime.errors import EngineError

ONNX_PROVIDERS = {"onnx-cpu": "CPUExecutionProvider"}


def open_engine(name: str, bundle: Bundle, threads: int | None = None) -> Engine:
    """The engine called name with the bundle's graphs loaded. Raises EngineError; never falls back to another."""
    if name not in ONNX_PROVIDERS:
        raise EngineError(f"unknown engine {name!r}", hint=f"choose one of: {', '.join(ONNX_PROVIDERS)}")
    try:
        from realtime.engines.onnx_engine import OnnxEngine
    except ImportError as error:
        raise EngineError(
            f"{name}: ONNX Runtime cannot be imported: {error}", hint="pip install onnxruntime"
        ) from error
    return OnnxEngine(name, bundle, ONNX_PROVIDERS[name], threads)
