"""What portraits kept ready cost: memory for each, and the time to encode one."""

import gc
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import psutil

from benchmarks.recorder import Recorder
from benchmarks.rig import EngineOpener
from realtime.bundle import open_bundle
from realtime.networks import Networks
from realtime.portraits.portrait import make_portrait, read_portrait
from realtime.settings import DEFAULT_SOURCE


def record_portraits(
    bundle: Path, engine: str, threads: int, counts: Sequence[int], recorder: Recorder, opener: EngineOpener
) -> None:
    """Adds `encode` in ms, `kept_memory` in MB as the system sees it, and `accounted_memory` as the gallery counts."""
    opened = open_bundle(bundle)
    picture = read_portrait(DEFAULT_SOURCE)
    networks = Networks(opener(engine, opened, threads), lambda _stage: nullcontext(), opened.parts)
    try:
        networks.encode(make_portrait("warm-up", picture, opened.image_size, None, margin_px=opened.margin))
        gc.collect()
        before_mb = _memory_mb()
        kept = []
        for number in recorder.track(range(1, max(counts) + 1), "Portraits"):
            portrait = make_portrait(str(number), picture.copy(), opened.image_size, None, margin_px=opened.margin)
            started_s = time.perf_counter()
            kept.append(networks.encode(portrait))
            recorder.add("encode", "ms", 1000 * (time.perf_counter() - started_s))
            if number in counts:
                labels = {"portraits": str(number)}
                recorder.add("kept_memory", "MB", _memory_mb() - before_mb, labels=labels)
                accounted_mb = sum(source.size_bytes for source in kept) / 2**20
                recorder.add("accounted_memory", "MB", accounted_mb, better=None, labels=labels)
    finally:
        networks.close()


def _memory_mb() -> float:
    return float(psutil.Process().memory_info().rss / 2**20)
