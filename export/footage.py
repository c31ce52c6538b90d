"""Real frames for the export: what int8 is calibrated on, what precisions are judged on, and the bundle's own proof.

A bundle carries its proof, so that one comes from the pictures that ship; calibration may use any folder of clips.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from realtime.devices.cameras import open_recorded_camera
from realtime.engines.proof import Scene
from realtime.errors import DeviceError, MarionetError
from realtime.faces.detector import FaceDetector
from realtime.frames import Pixels
from realtime.framing import Crop, centre_crop, cut_out, face_crop
from realtime.portraits.portrait import read_portrait
from realtime.settings import DEFAULT_CLIP

CLIP_SUFFIXES = {".mp4", ".mov", ".avi", ".mkv", ".webm", ".gif"}
PORTRAITS = DEFAULT_CLIP.parent.parent / "portraits"
PROOF_PORTRAITS, PROOF_DRIVERS = 2, 3
MOST_CLIPS = 32
# Over all clips; half of them calibrate, half judge.
DRIVING_FRAMES = 96
# A long clip is read this far.
MOST_FRAMES = 300


class FootageError(MarionetError):
    """Calibration frames that are not there or cannot be read."""


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """Square clips [t, s, s, 3] uint8. A clip's first frame is a source, and neutral for those that follow."""

    clips: tuple[Pixels, ...]

    def calibration(self) -> Iterator[Pixels]:
        """Per clip the source and every second later frame."""
        return (np.concatenate([clip[:1], clip[1::2]]) for clip in self.clips)

    def held_out(self) -> Iterator[Pixels]:
        """Per clip the source and the frames that calibration left out."""
        return (np.concatenate([clip[:1], clip[2::2]]) for clip in self.clips)


def read_footage(folder: Path | None, size_px: int) -> Footage:
    """Clips from folder, or the driving clip that ships. Raises FootageError if there is none to read."""
    if folder is None:
        return Footage((_read_clip(DEFAULT_CLIP, size_px, DRIVING_FRAMES),))
    paths = sorted(path for path in folder.glob("**/*") if path.suffix.lower() in CLIP_SUFFIXES)
    if not paths:
        raise FootageError(
            f"{folder}: no clips for calibration", hint=f"put clips there ({', '.join(sorted(CLIP_SUFFIXES))})"
        )
    chosen = [paths[index] for index in np.linspace(0, len(paths) - 1, min(MOST_CLIPS, len(paths))).astype(int)]
    frames = max(2, DRIVING_FRAMES // len(chosen))
    return Footage(tuple(_read_clip(path, size_px, frames) for path in chosen))


def proof_scene(size_px: int) -> Scene:
    """Portraits and driving frames that ship with the program."""
    pictures = sorted(PORTRAITS.glob("*.jpg"))[:: max(1, len(list(PORTRAITS.glob("*.jpg"))) // PROOF_PORTRAITS)]
    detector = FaceDetector()
    portraits = [_framed(read_portrait(path), size_px, detector) for path in pictures[:PROOF_PORTRAITS]]
    return Scene(np.stack(portraits), _read_clip(DEFAULT_CLIP, size_px, PROOF_DRIVERS - 1))


def _read_clip(path: Path, size_px: int, driving: int) -> Pixels:
    """The first frame and `driving` later ones, evenly spread: [t, s, s, 3], framed as the first frame's face asks."""
    try:
        with open_recorded_camera(f"file:{path}") as camera:
            frames = [frame.pixels for frame in islice(camera.frames(), MOST_FRAMES)]
    except DeviceError as error:
        raise FootageError(f"{path}: {error.message}", hint="take this clip out of the folder") from error
    if len(frames) < 3:
        raise FootageError(f"{path}: {len(frames)} frames; at least 3 are needed", hint="take it out of the folder")
    chosen = np.linspace(0, len(frames) - 1, min(driving + 1, len(frames))).astype(int)
    crop = _crop(frames[0], FaceDetector())
    return np.stack([cut_out(frames[index], crop, size_px) for index in chosen])


def _framed(pixels: Pixels, size_px: int, detector: FaceDetector) -> Pixels:
    return cut_out(pixels, _crop(pixels, detector), size_px)


def _crop(pixels: Pixels, detector: FaceDetector) -> Crop:
    height, width = pixels.shape[:2]
    faces = detector.detect(pixels)
    return face_crop(faces[0], height, width) if faces else centre_crop(height, width)
