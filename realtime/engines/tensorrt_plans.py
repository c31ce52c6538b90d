"""TensorRT's engines on disk: built once per graph, runtime, GPU and precision, checked at every use, rebuilt if stale.

The native engine and ONNX Runtime's TensorRT provider share the folder; `python -m export.tensorrt` fills it ahead.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from realtime.bundle import sha256_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PlanKey:
    """All that a plan depends on; a change in any makes it stale."""

    graph_sha256: str
    runtime: str  # such as tensorrt 11.0.0
    gpu: str
    compute_capability: str
    precision: str

    @property
    def folder_name(self) -> str:
        """A name for it, equal on every run."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def plan_folder(cache: Path, key: PlanKey) -> Path:
    """Where the plans for `key` lie."""
    return cache / "tensorrt" / key.folder_name


def open_plan(cache: Path, key: PlanKey, name: str, build: Callable[[], bytes]) -> bytes:
    """The plan for `key`: from the cache if it is whole, else built, stored and announced."""
    folder = plan_folder(cache, key)
    plan, record = folder / f"{name}.plan", folder / f"{name}.json"
    if (why := _stale(plan, record, key)) is None:
        return plan.read_bytes()
    log.info("building %s for %s in %s (%s); this happens once", name, key.gpu, key.precision, why)
    began = time.perf_counter()
    content = build()
    folder.mkdir(parents=True, exist_ok=True)
    partial = plan.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(plan)
    # Written last: a plan without its record is one that was cut off.
    record.write_text(json.dumps({"key": asdict(key), "sha256": sha256_of(plan)}, indent=2))
    log.info("built %s in %.1f s, %.1f MB", name, time.perf_counter() - began, len(content) / 1e6)
    return content


def _stale(plan: Path, record: Path, key: PlanKey) -> str | None:
    """Why the plan cannot be used, or None."""
    if not plan.is_file() or not record.is_file():
        return "not in the cache"
    try:
        noted = json.loads(record.read_text())
        if noted["key"] != asdict(key):
            return "built for another GPU or runtime"
        return None if noted["sha256"] == sha256_of(plan) else "damaged in the cache"
    except (OSError, ValueError, KeyError, TypeError):
        return "its record in the cache is damaged"
