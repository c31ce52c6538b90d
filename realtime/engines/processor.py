"""The processor's name and what arithmetic it has, where the system tells."""

import hashlib
import os
import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
# Flags of Linux for products of 8-bit numbers: x86 server and client, ARM.
INT8_FLAGS = {"avx512_vnni", "avx_vnni", "asimddp"}
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


def processor_name(cpuinfo: Path = CPUINFO) -> str:
    """Such as "AMD EPYC"; the architecture where the system keeps the name to itself."""
    for line in _lines(cpuinfo):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def processor_flags(cpuinfo: Path = CPUINFO) -> frozenset[str]:
    """The processor's features by Linux's names; empty where the system does not list them."""
    for line in _lines(cpuinfo):
        if line.startswith(("flags", "Features")):
            return frozenset(line.partition(":")[2].split())
    return frozenset()


def lacks_int8(flags: frozenset[str]) -> bool:
    """Whether the processor is known to have no instructions for int8; False where the system does not tell."""
    return bool(flags) and not flags & INT8_FLAGS


def machine_fingerprint(parts: tuple[str, ...]) -> str:
    """Sixteen digits that change with the processor, its features, its cores, and `parts`. Holds no personal data."""
    own = (processor_name(), " ".join(sorted(processor_flags())), str(os.cpu_count()), platform.system())
    return hashlib.sha256("\n".join((*own, *parts)).encode()).hexdigest()[:16]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
