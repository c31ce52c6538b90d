"""NVIDIA GPUs of this machine, as the driver's own tool tells."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from realtime.errors import EngineError

QUERY = ("nvidia-smi", "--query-gpu=name,compute_cap,driver_version,memory.total", "--format=csv,noheader,nounits")
TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU: what an engine built for it depends on."""

    name: str
    compute_capability: str
    driver: str
    memory_mib: int


def ask_driver() -> str:
    """What nvidia-smi prints: one line a GPU; nothing where there is no driver."""
    try:
        return subprocess.run(QUERY, capture_output=True, text=True, check=True, timeout=TIMEOUT_S).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def find_gpus(ask: Callable[[], str] = ask_driver) -> list[Gpu]:
    """The GPUs, in the driver's order."""
    gpus = []
    for line in ask().splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 4 and fields[3].isdigit():
            gpus.append(Gpu(fields[0], fields[1], fields[2], int(fields[3])))
    return gpus


def first_gpu(engine: str, ask: Callable[[], str] = ask_driver) -> Gpu:
    """The GPU that engines use. Raises EngineError if there is none."""
    gpus = find_gpus(ask)
    if not gpus:
        raise EngineError(
            f"{engine}: no NVIDIA GPU answers",
            hint="install its driver and check with nvidia-smi, or pass --engine onnx-cpu",
        )
    return gpus[0]
