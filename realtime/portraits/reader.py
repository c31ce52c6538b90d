"""Reads portraits on a thread of its own, and watches their folder: reading and finding a face would cost frames."""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from realtime.closing import Closing
from realtime.errors import MarionetError
from realtime.portraits.pack import portraits_in
from realtime.portraits.portrait import Portrait

WATCH_EVERY_S = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class ReadPortrait:
    """What came of reading path: a portrait, or why not."""

    path: Path
    portrait: Portrait | None
    error: MarionetError | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The portraits of the folder after something changed there; changed are those with new content."""

    paths: tuple[Path, ...]
    changed: frozenset[Path]


class PortraitReader(Closing):
    """Owns the thread. ask and news are for one other thread."""

    def __init__(self, open_one: Callable[[Path], Portrait], folder: Path | None) -> None:
        self._open_one = open_one
        self._folder = folder
        self._asked: queue.PriorityQueue[tuple[int, int, Path | None]] = queue.PriorityQueue()
        self._news: queue.SimpleQueue[ReadPortrait | Listing] = queue.SimpleQueue()
        self._count = 0
        self._stamps = _stamps(folder) or {}
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="portrait reader", daemon=True)
        self._thread.start()

    def ask(self, path: Path, *, urgent: bool = False) -> None:
        """Has path read; urgent ones before the others."""
        self._count += 1
        self._asked.put((0 if urgent else 1, self._count, path))

    def news(self) -> ReadPortrait | Listing | None:
        """What the thread found out, oldest first; None when there is nothing new. Never waits."""
        try:
            return self._news.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """Ends the thread after the picture it reads; closing twice is safe."""
        if not self._closed:
            self._closed = True
            self._asked.put((-1, 0, None))
            self._thread.join(5.0)

    def _work(self) -> None:
        while True:
            try:
                _, _, path = self._asked.get(timeout=WATCH_EVERY_S)
            except queue.Empty:
                self._watch()
                continue
            if path is None:
                return
            self._news.put(self._read(path))

    def _read(self, path: Path) -> ReadPortrait:
        try:
            return ReadPortrait(path, self._open_one(path))
        except MarionetError as error:
            return ReadPortrait(path, None, error)

    def _watch(self) -> None:
        stamps = _stamps(self._folder)
        if stamps is not None and stamps != self._stamps:
            changed = frozenset(path for path, stamp in stamps.items() if self._stamps.get(path, stamp) != stamp)
            self._stamps = stamps
            self._news.put(Listing(tuple(stamps), changed))


def _stamps(folder: Path | None) -> dict[Path, tuple[int, ...]] | None:
    """Each portrait of the folder and what changes with its content; None where the folder cannot be read now."""
    if folder is None:
        return None
    try:
        return {path: _stamp(path) for path in portraits_in(folder)}
    except MarionetError as error:
        log.debug("%s", error.message)
        return None


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        return tuple(number for file in files for number in (file.stat().st_mtime_ns, file.stat().st_size))
    except OSError:  # it went while we looked
        return ()
