"""Clips measured one after the other, or several at once, each process with its own networks and face tools.

Outcomes come one by one, in order: memory does not grow with the number of clips.
"""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from multiprocessing.connection import wait

from training.evaluate.clip_job import ClipJob, ClipOutcome, Equipment, Workplace, measure_clip


class ProcessError(Exception):
    """A process that ended before its work; the message says what to do."""


def measure_clips(jobs: Sequence[ClipJob], workplace: Workplace, processes: int) -> Iterator[ClipOutcome]:
    """What comes of each job, in order. Raises what measure_clip and the workplace raise, and ProcessError."""
    if processes <= 1 or len(jobs) == 1:
        with workplace.equipped(None) as equipment:
            for job in jobs:
                yield measure_clip(job, equipment)
        return
    threads = max(1, (os.cpu_count() or 1) // processes)
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(workplace, threads)) as pool:
            yield from pool.map(_work, jobs)
    except BrokenProcessPool as error:
        raise ProcessError(
            f"a process ended early, perhaps for want of memory ({error}); pass --processes 1"
        ) from error


class _Process:
    """What a process of the pool keeps between jobs. The equipment is opened by the first, whose errors are told."""

    workplace: Workplace
    threads: int
    equipment: Equipment | None = None
    kept = ExitStack()


def _begin(workplace: Workplace, threads: int) -> None:
    _Process.workplace, _Process.threads = workplace, threads
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when the one that asked is gone: killed, it cannot say so, and jobs would run on for nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _work(job: ClipJob) -> ClipOutcome:
    if _Process.equipment is None:
        _Process.equipment = _Process.kept.enter_context(_Process.workplace.equipped(_Process.threads))
    return measure_clip(job, _Process.equipment)
