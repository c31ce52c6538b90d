"""One clip's part of an evaluation: decoded once, reenacted by itself, made to drive its stills, and measured."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from training.clips import ClipError, Pixels, decode_frames
from training.evaluate.cross_reenactment import FRAMES, CrossMeasures, CrossPair, reenact_pair
from training.evaluate.faces import FaceTools
from training.evaluate.reenactors import BundleReenactor, CheckpointReenactor, CopyReenactor, Reenactor
from training.evaluate.report import sheet_row, side_by_side
from training.evaluate.self_reenactment import SelfMeasures, prepare_task, reenact_clip
from training.stills import read_still


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a clip is measured with."""

    reenactor: Reenactor
    tools: FaceTools | None


@dataclass(frozen=True, slots=True)
class Workplace:
    """How to come by the equipment, in any process. open_tools: None measures no faces."""

    target: Path
    engine: str
    open_tools: Callable[[], FaceTools] | None

    @contextmanager
    def equipped(self, threads: int | None) -> Iterator[Equipment]:
        """The equipment; threads: of its networks, None leaves the choice to their runtime.

        Raises CheckpointError, FaceToolError, MarionetError.
        """
        tools = self.open_tools() if self.open_tools else None
        if threads is not None:
            torch.set_num_threads(threads)
        if not self.target.is_dir():
            yield Equipment(CheckpointReenactor(self.target), tools)
            return
        with BundleReenactor(self.target, self.engine, threads) as reenactor:
            yield Equipment(reenactor, tools)


@dataclass(frozen=True, slots=True)
class ClipJob:
    """A clip, every how many frames it reenacts itself, the pairs it drives, and of what pictures are kept."""

    path: Path
    every: int
    stills: Path
    pairs: tuple[CrossPair, ...] = ()
    shows_itself: bool = False
    shown_pairs: frozenset[CrossPair] = frozenset()


@dataclass(frozen=True, slots=True)
class ShownPair:
    """Pictures of one pair: a strip for the sheet, and [t, s, 3 s, 3] for the video."""

    row: Pixels
    video: Pixels


@dataclass(frozen=True, slots=True)
class ClipOutcome:
    """A clip's figures, and the few pictures that are kept."""

    copied: SelfMeasures
    found: SelfMeasures
    row: Pixels | None
    pairs: list[CrossMeasures] = field(default_factory=list)
    shown_pairs: list[ShownPair] = field(default_factory=list)


def measure_clip(job: ClipJob, equipment: Equipment) -> ClipOutcome:
    """What came of a job. Raises ClipError where the clip or a still cannot be read."""
    reenactor, tools = equipment.reenactor, equipment.tools
    thinned, driver = _decoded(job, reenactor.image_size)
    task = prepare_task(thinned, tools)
    copied = reenact_clip(CopyReenactor(reenactor.image_size), task, tools).measures
    found = reenact_clip(reenactor, task, tools)
    row = sheet_row(task.source, task.target, found.result) if job.shows_itself else None
    outcome = ClipOutcome(copied, found.measures, row)
    if job.pairs and tools:
        _measure_pairs(job, driver, reenactor, tools, outcome)
    return outcome


def _measure_pairs(job: ClipJob, driver: Pixels, reenactor: Reenactor, tools: FaceTools, outcome: ClipOutcome) -> None:
    points = tools.landmarks(driver, consecutive=True)
    for pair in job.pairs:
        still = read_still(job.stills / f"{pair.still}.jpg", reenactor.image_size)
        reenacted = reenact_pair(reenactor, pair, still, driver, points, tools)
        outcome.pairs.append(reenacted.measures)
        if pair in job.shown_pairs:
            row = sheet_row(still, driver, reenacted.result)
            outcome.shown_pairs.append(ShownPair(row, side_by_side(still, driver, reenacted.result)))


def _decoded(job: ClipJob, size: int) -> tuple[Pixels, Pixels]:
    """Every so-manieth frame [t, s, s, 3] for the clip itself, and its first frames for the stills."""
    drives = FRAMES if job.pairs else 0
    frames = dict(decode_frames(job.path, size, lambda index: index % job.every == 0 or index < drives))
    thinned = [frame for index, frame in frames.items() if index % job.every == 0]
    if len(thinned) < 2:
        raise ClipError(f"{job.path}: {len(thinned)} readable frames at stride {job.every}; a clip needs two")
    first = [frame for index, frame in frames.items() if index < drives]
    return np.stack(thinned), np.stack(first) if first else np.empty((0, size, size, 3), np.uint8)
