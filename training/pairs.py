"""Random frame pairs of one clip, drawn so that step number and seed alone decide every batch."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue

import numpy as np
from numpy.typing import NDArray

from training.clips import Pixels
from training.frame_cache import FrameCache

WHOLE = slice(None)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How often frames drive: by `weights` [n] of their own, and 1 + `shape_sampling` times as often as one that looks
    like its source where `shapes` [n, d] differ as much as in its clip they can; NaN where a shape is unknown.

    And 1 + `lip_sampling` times as often where lips are closed in one of the two and as wide apart in the other as they
    get, by `parted` [n] in [0, 1], NaN where unknown, and less by the square of what they lack; likewise clips.
    """

    weights: NDArray[np.float64]
    shapes: NDArray[np.float32] | None = None
    shape_sampling: float = 0.0
    parted: NDArray[np.float64] | None = None
    lip_sampling: float = 0.0

    def clip_shares(self, starts: NDArray[np.int64]) -> NDArray[np.float64]:
        """The probability of each clip: long ones are drawn more often, by the square root of their length."""
        shares = np.sqrt(np.diff(starts))
        if self.parted is not None and self.lip_sampling:
            highest, lowest = (of.reduceat(self.parted, starts[:-1]) for of in (np.fmax, np.fmin))
            shares *= 1 + self.lip_sampling * np.square(np.nan_to_num(highest - lowest))
        return shares / shares.sum()

    def shares(self, first: int, last: int, source: int) -> NDArray[np.float64]:
        """The probability of each of the frames `first` to `last` to drive `source`, which never drives itself."""
        shares = self.weights[first:last].copy()
        if self.shapes is not None and self.shape_sampling:
            apart = np.nan_to_num(np.linalg.norm(self.shapes[first:last] - self.shapes[source], axis=1))
            shares *= 1 + self.shape_sampling * apart / max(apart.max(), 1e-6)
        if self.parted is not None and self.lip_sampling:
            apart = np.nan_to_num(self.parted[first:last] - self.parted[source])
            shares *= 1 + self.lip_sampling * np.square(apart)
        shares[source - first] = 0
        return shares / shares.sum()


@dataclass(frozen=True, slots=True)
class PairBatch:
    """Source and driving frames of the same clips [b, size, size, 3] uint8 RGB, and their rows in the cache [b]."""

    source: Pixels
    driving: Pixels
    source_rows: NDArray[np.int64]
    driving_rows: NDArray[np.int64]


def draw_pairs(
    cache: FrameCache,
    batch: int,
    seed: int,
    step: int,
    sampling: Sampling | None = None,
    part: slice = WHOLE,
) -> PairBatch:
    """`part` of the batch of `step`: clips are drawn as often as `sampling` says, or by the root of their length.

    The source is any frame of its clip; the driving frame any other, as often as `sampling` says if given.
    """
    generator = np.random.default_rng([seed, step])
    starts = np.asarray(cache.starts)
    lengths = np.diff(starts)
    sampling = sampling or Sampling(np.ones(starts[-1]))
    clips = generator.choice(len(lengths), size=batch, p=sampling.clip_shares(starts))
    source_rows = starts[clips] + generator.integers(lengths[clips])
    driving_rows = source_rows.copy()
    for i, clip in enumerate(clips):
        shares = sampling.shares(starts[clip], starts[clip + 1], source_rows[i])
        driving_rows[i] = starts[clip] + generator.choice(lengths[clip], p=shares)
    source_rows, driving_rows = source_rows[part], driving_rows[part]
    return PairBatch(cache.frames[source_rows], cache.frames[driving_rows], source_rows, driving_rows)


class PairLoader:
    """Draws the batches of consecutive steps, or one part of each, ahead on one thread; iterate, then close."""

    def __init__(
        self,
        cache: FrameCache,
        batch: int,
        seed: int,
        steps: range,
        sampling: Sampling | None = None,
        part: slice = WHOLE,
        ahead: int = 4,
    ) -> None:
        self._queue: Queue[PairBatch | BaseException | None] = Queue(ahead)
        self._closed = threading.Event()
        self._thread = threading.Thread(
            target=self._draw, args=(cache, batch, seed, steps, sampling, part), name="pair-loader", daemon=True
        )
        self._thread.start()

    def __enter__(self) -> "PairLoader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[PairBatch]:
        while (item := self._queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        """Stop drawing; safe to call twice."""
        self._closed.set()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.05)
            except Empty:
                continue
        self._thread.join()

    def _draw(
        self,
        cache: FrameCache,
        batch: int,
        seed: int,
        steps: range,
        sampling: Sampling | None,
        part: slice,
    ) -> None:
        try:
            for step in steps:
                if not self._put(draw_pairs(cache, batch, seed, step, sampling, part)):
                    return
            self._put(None)
        except BaseException as error:  # handed to the training thread, which raises it
            self._put(error)

    def _put(self, item: PairBatch | BaseException | None) -> bool:
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=0.1)
                return True
            except Full:
                continue
        return False
