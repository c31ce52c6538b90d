"""What a result says of the machine and of the program's version; nothing that names a person or a host."""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import psutil

from benchmarks.schema import Machine

LIBRARIES = (
    "numpy",
    "opencv-python-headless",
    "av",
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-directml",
    "openvino",
    "tensorrt",
    "torch",
    "torch-tensorrt",
)
# The ones that decide how fast a network runs; a processor lists a hundred more.
FEATURES = ("avx", "avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_tile", "asimd", "asimddp")
ROOT = Path(__file__).parent.parent
COMMAND_TIMEOUT_S = 10


def describe_machine() -> Machine:
    """The machine this runs on, as it is now."""
    gpu, driver = _nvidia()
    return Machine(
        cpu=_cpu_name(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        features=_features(),
        memory_mb=psutil.virtual_memory().total // 2**20,
        gpu=gpu,
        driver=driver,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        libraries=_versions(),
    )


def describe_commit() -> str:
    """The commit's first twelve digits, with "+changes" where files differ from it; "unknown" outside a checkout."""
    revision = _output("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD")
    if not revision:
        return "unknown"
    # Results are saved into the checkout while it is measured: they do not change what is measured.
    changes = _output("git", "-C", str(ROOT), "status", "--porcelain", "--", ".", ":!benchmarks/results", ":!docs")
    return f"{revision}+changes" if changes else revision


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _cpu_name() -> str:
    named = re.search(r"^model name\s*:\s*(.+)$", _cpu_facts(), re.MULTILINE)
    return named[1] if named else platform.processor() or platform.machine()


def _features() -> tuple[str, ...]:
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", _cpu_facts(), re.MULTILINE)
    present = set(flags[1].split()) if flags else set()
    return tuple(feature for feature in FEATURES if feature in present)


def _cpu_facts() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


def _nvidia() -> tuple[str | None, str | None]:
    """The first NVIDIA GPU's name and driver, where its tool is installed and finds one."""
    if not shutil.which("nvidia-smi"):
        return None, None
    line = _output("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader").partition("\n")[0]
    name, comma, driver = line.partition(", ")
    return (name, driver) if comma else (None, None)


def _output(*command: str) -> str:
    """What a command prints, without the white space around it; nothing if it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
