"""Clips decoded once into a memory-mapped array of the training size, so that training costs no decoding."""

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import track

from training.clips import ClipError, Pixels, decode_clip, find_clips

log = logging.getLogger(__name__)

LARGEST_BROKEN_SHARE = 0.05
CLIPS_AHEAD = 8


@dataclass(frozen=True, slots=True)
class FrameCache:
    """All frames [n, size, size, 3] uint8 RGB; clip i is frames[starts[i]:starts[i + 1]]."""

    frames: Pixels
    starts: tuple[int, ...]
    names: tuple[str, ...]

    @property
    def clip_count(self) -> int:
        """Number of clips that could be decoded."""
        return len(self.names)

    def clip(self, index: int) -> Pixels:
        """Frames [t, size, size, 3] of one clip, still on disk."""
        return self.frames[self.starts[index] : self.starts[index + 1]]


def open_frame_cache(folders: list[Path], size: int, stride: int, directory: Path) -> FrameCache:
    """The cache of every `stride`-th frame of the clips under `folders`, made on first use in `directory`.

    Broken clips are left out by name; ClipError if they are more than 5 %.
    """
    clips = find_clips(folders)
    stamp = [(str(clip), clip.stat().st_size, clip.stat().st_mtime_ns) for clip in clips]
    key = hashlib.sha256(json.dumps([stamp, size, stride]).encode()).hexdigest()[:16]
    index_file, data_file = directory / f"{key}-{size}.json", directory / f"{key}-{size}.frames"
    if not index_file.exists():
        _build(clips, size, stride, index_file, data_file)
    index = json.loads(index_file.read_text())
    starts = tuple(index["starts"])
    frames = np.memmap(data_file, dtype=np.uint8, mode="r", shape=(starts[-1], size, size, 3))
    return FrameCache(frames, starts, tuple(index["names"]))


def _build(clips: list[Path], size: int, stride: int, index_file: Path, data_file: Path) -> None:
    index_file.parent.mkdir(parents=True, exist_ok=True)
    starts, names, broken = [0], [], []
    partial = data_file.with_suffix(".partial")
    with partial.open("wb") as data:
        decoded = zip(clips, _decode_ahead(clips, size, stride), strict=True)
        for clip, frames in track(decoded, f"Decoding clips at {size}x{size}", len(clips)):
            if isinstance(frames, ClipError):
                log.warning("left out: %s", frames)
                broken.append(clip)
                continue
            data.write(frames.tobytes())
            names.append(clip.stem)
            starts.append(starts[-1] + len(frames))
    if len(broken) > LARGEST_BROKEN_SHARE * len(clips):
        partial.unlink()
        raise ClipError(f"{len(broken)} of {len(clips)} clips cannot be decoded, first {broken[0]}; repair the data")
    partial.replace(data_file)
    index_partial = index_file.with_suffix(".partial")
    index_partial.write_text(json.dumps({"starts": starts, "names": names}))
    index_partial.replace(index_file)


def _decode_ahead(clips: list[Path], size: int, stride: int) -> Iterator[Pixels | ClipError]:
    """Each clip's frames, or why it has none; a few clips are decoded ahead, never more, whatever the disk's speed."""

    def decode(clip: Path) -> Pixels | ClipError:
        try:
            return decode_clip(clip, size, stride)
        except ClipError as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for first in range(0, len(clips), CLIPS_AHEAD):
            yield from pool.map(decode, clips[first : first + CLIPS_AHEAD])
