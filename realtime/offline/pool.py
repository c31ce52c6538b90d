"""A batch of offline videos: one after the other, or several at once on all cores, each in a process of its own."""

import multiprocessing
import os
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from realtime.animator import Animator, AnimatorOptions
from realtime.bundle import open_bundle
from realtime.engines.catalogue import open_engine
from realtime.errors import MarionetError
from realtime.faces.detector import FaceDetector
from realtime.offline.job import Job, Look, run_job

POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Workshop:
    """With what the videos are made; every process opens its own."""

    bundle: Path
    engine: str
    threads: int | None
    find_faces: bool
    options: AnimatorOptions
    look: Look


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: frames written, or two lines of what went wrong."""

    job: Job
    frames: int = 0
    message: str = ""
    hint: str = ""


def run_jobs(
    jobs: Sequence[Job],
    workshop: Workshop,
    processes: int,
    advanced: Callable[[int], None],
    told: Callable[[Outcome], None],
) -> list[Outcome]:
    """What came of every job. advanced gets the frames written since it was last called; told each outcome at once.

    A job that fails does not stop the others. Raises MarionetError where no process can work at all.
    """
    batch = _Batch(jobs, workshop, advanced, told)
    if processes <= 1 or len(jobs) == 1:
        return _one_by_one(batch)
    return _at_once(batch, min(processes, len(jobs)))


@dataclass(frozen=True, slots=True)
class _Batch:
    """What run_jobs was given."""

    jobs: Sequence[Job]
    workshop: Workshop
    advanced: Callable[[int], None]
    told: Callable[[Outcome], None]


def _one_by_one(batch: _Batch) -> list[Outcome]:
    outcomes = []
    with _opened(batch.workshop) as animator:
        for job in batch.jobs:
            outcomes.append(_outcome(job, batch.workshop.look, animator, lambda: batch.advanced(1)))
            batch.told(outcomes[-1])
    return outcomes


def _at_once(batch: _Batch, processes: int) -> list[Outcome]:
    workshop = batch.workshop
    threads = workshop.threads or max(1, (os.cpu_count() or 1) // processes)
    context = multiprocessing.get_context("spawn")
    counted = context.Queue()
    outcomes: list[Outcome] = []
    shared = (replace(workshop, threads=threads), counted)
    with ProcessPoolExecutor(processes, context, initializer=_begin, initargs=shared) as pool:
        waiting: set[Future[Outcome]] = {pool.submit(_work, job) for job in batch.jobs}
        try:
            while waiting:
                done, waiting = wait(waiting, POLL_S, FIRST_COMPLETED)
                batch.advanced(_drained(counted))
                for future in done:
                    outcomes.append(future.result())
                    batch.told(outcomes[-1])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return outcomes


def _drained(counted: "multiprocessing.queues.Queue[int]") -> int:
    total = 0
    while True:
        try:
            total += counted.get_nowait()
        except queue.Empty:
            return total


def _opened(workshop: Workshop) -> Animator:
    """An animator that closes its engine. Raises MarionetError."""
    bundle = open_bundle(workshop.bundle)
    detector = FaceDetector() if workshop.find_faces else None
    return Animator(open_engine(workshop.engine, bundle, workshop.threads), bundle, workshop.options, detector)


def _outcome(job: Job, look: Look, animator: Animator, advanced: Callable[[], None]) -> Outcome:
    try:
        return Outcome(job, run_job(job, look, animator, advanced))
    except MarionetError as error:
        return Outcome(job, message=error.message, hint=error.hint)


class _Process:
    """What a process of the pool keeps between jobs."""

    workshop: Workshop
    animator: Animator
    counted: "multiprocessing.queues.Queue[int]"


def _begin(workshop: Workshop, counted: "multiprocessing.queues.Queue[int]") -> None:
    _Process.workshop, _Process.counted = workshop, counted
    _Process.animator = _opened(workshop)


def _work(job: Job) -> Outcome:
    return _outcome(job, _Process.workshop.look, _Process.animator, lambda: _Process.counted.put(1))
