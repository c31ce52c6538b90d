"""Several animators in one process, each on a thread and an engine of its own, and how they share the machine."""

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contestants import OneFrame, bundle_frame
from benchmarks.recorder import Recorder
from benchmarks.rig import EngineOpener


def record_animators(
    bundle: Path, engine: str, counts: Sequence[int], seconds: float, recorder: Recorder, opener: EngineOpener
) -> None:
    """Adds `animated_rate`, frames per second of all together, and `animated_frame`, milliseconds of each."""
    recorder.note("animators: no engine batches frames of several animators; each has its own engine, on one thread")
    for count in recorder.track(counts, "Animators", len(counts)):
        labels = {"animators": str(count)}
        with ExitStack() as opened:
            frames = [bundle_frame(bundle, engine, 1, opened, opener) for _ in range(count)]
            spent_ms, together_s = _run_together(frames, seconds)
        recorder.add("animated_frame", "ms", *spent_ms, labels=labels)
        recorder.add("animated_rate", "1/s", len(spent_ms) / together_s, better="higher", labels=labels)


def _run_together(frames: Sequence[OneFrame], seconds: float) -> tuple[list[float], float]:
    """Milliseconds of every frame, and how long all ran. An error of any thread comes out here."""
    spent_ms: list[float] = []
    failures: list[BaseException] = []
    start = threading.Barrier(len(frames) + 1)
    ended = threading.Event()

    def work(frame: OneFrame) -> None:
        try:
            frame()
            start.wait()
            while not ended.is_set():
                started_s = time.perf_counter()
                frame()
                spent_ms.append(1000 * (time.perf_counter() - started_s))
        except BaseException as error:
            failures.append(error)
            start.abort()

    threads = [threading.Thread(target=work, args=(frame,), daemon=True) for frame in frames]
    for thread in threads:
        thread.start()
    try:
        start.wait()
        started_s = time.perf_counter()
        time.sleep(seconds)
    except threading.BrokenBarrierError:
        raise failures[0] from None
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    return spent_ms, time.perf_counter() - started_s
