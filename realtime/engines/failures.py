"""What a runtime's error text means, in a user's words, and the command that helps."""

from pathlib import Path

from realtime.engines.onnx_packages import GPU_WITH_LIBRARIES
from realtime.errors import EngineError

# Signs in the texts of ONNX Runtime, OpenVINO, TensorRT and torch, and what to do about them.
_HINTS = (
    (
        ("out of memory", "failed to allocate memory", "cudaerrormemoryallocation", "bad_alloc", "outofmemory"),
        "close other programs that use the GPU, or pass --engine onnx-cpu",
    ),
    (
        ("cuda driver version is insufficient", "cudaerrorinsufficientdriver", "no cuda-capable device", "driver"),
        "update the GPU's driver (nvidia-smi shows it), or pass --engine onnx-cpu",
    ),
    (
        ("libcudnn", "libcublas", "libcudart", "libnvinfer", "cannot open shared object", "loadlibrary failed"),
        f"install the runtime's own libraries: pip install {GPU_WITH_LIBRARIES}, or pass --engine onnx-cpu",
    ),
    (
        ("ir version", "unsupported model", "opset", "not implemented", "no kernel", "not a registered function"),
        "update the runtime (run_live.py doctor shows its version), or export the bundle anew",
    ),
)
_EXPORT_ANEW = "export the bundle anew with `python -m export CHECKPOINT BUNDLE`, or pass --engine onnx-cpu"


def cannot_open(path: Path, runtime: str, error: BaseException) -> EngineError:
    """A graph that the runtime refuses."""
    return EngineError(f"{path}: {runtime} cannot open it: {first_line(error)}", hint=_hint(error))


def cannot_run(graph: str, runtime: str, error: BaseException) -> EngineError:
    """A graph that fails while running."""
    return EngineError(f"{graph}: {runtime}: {first_line(error)}", hint=_hint(error))


def missing_input(graph: str, name: object, given: object) -> EngineError:
    """A graph that did not get all it takes."""
    return EngineError(f"{graph}: input {name} is missing; got {given}", hint=_EXPORT_ANEW)


def wrong_shape(graph: str, name: str, expected: tuple[int, ...], found: tuple[int, ...]) -> EngineError:
    """A tensor that does not fit."""
    return EngineError(f"{graph}: {name} has shape {list(found)}, expected {list(expected)}", hint=_EXPORT_ANEW)


def first_line(error: BaseException) -> str:
    """The first line of an error that says something, at most 200 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__


def _hint(error: BaseException) -> str:
    text = str(error).lower()
    return next((hint for signs, hint in _HINTS if any(sign in text for sign in signs)), _EXPORT_ANEW)
