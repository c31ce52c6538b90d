"""Which ONNX Runtime packages are installed: they overwrite each other's files, silently, so it must be one."""

import importlib.metadata

DISTRIBUTIONS = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-qnn")
# The GPU's alone comes without CUDA's libraries.
GPU_WITH_LIBRARIES = "'onnxruntime-gpu[cuda,cudnn]'"


def installed_distributions() -> list[str]:
    """Their names; more than one is a fault."""
    return [name for name in DISTRIBUTIONS if _is_installed(name)]


def collision(installed: list[str]) -> str | None:
    """What to do about several ONNX Runtimes, or None if there is at most one."""
    if len(installed) < 2:
        return None
    wanted = next(name for name in installed if name != "onnxruntime")
    wanted = GPU_WITH_LIBRARIES if wanted == "onnxruntime-gpu" else wanted
    return f"pip uninstall -y {' '.join(installed)} && pip install {wanted}"


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
