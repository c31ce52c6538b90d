"""`python -m training.evaluate.detector CONFIG CHECKPOINT`: how well a detector finds the landmarks that guided it.

The configuration names the guided points and the spans between them; `python -m training.find_landmarks` finds the
landmarks of the clips first. Prints a table, and one JSON object as the last line.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from models.checkpoint import CheckpointError, load_checkpoint
from models.portrait_net import PortraitNet
from training.clips import ClipError, decode_clip, find_clips
from training.evaluate.face_signals import Following, following
from training.landmarks import LandmarkError, read_landmarks
from training.sections import LandmarkSettings
from training.settings import SettingsError, read_settings
from training.validation import to_tensor

STATED_SIZE = 256
CHUNK = 16
# A span is judged on the clips in which it moves most: elsewhere there is nothing to follow but noise.
LIVELIEST_CLIPS = 20

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DetectorFigures:
    """Means over guided keypoints in pixels at 256, and how each span follows over time.

    distance_px: from their landmarks. shift_px: between how far both moved since the clip's first frame;
    motion is made of that, and a keypoint that lies aside on one face all the time costs it nothing.
    """

    distance_px: float
    shift_px: float
    spans: tuple[Following, ...]


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 with the figures printed, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate.detector", description="Measure a detector.")
    parser.add_argument("config", type=Path, help="training configuration with a [landmarks] section")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--clips", type=Path, default=Path("../shared/data/portraits/val"))
    parser.add_argument("--landmarks", type=Path, default=Path("out/landmarks/val"), help="found in those clips")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(options.config)
        if settings.landmarks is None:
            raise SettingsError(f"{options.config}: has no [landmarks] section to say which points to compare")
        network, _ = load_checkpoint(options.checkpoint)
        tracks = []
        for clip in track(find_clips([options.clips]), "Detecting keypoints"):
            landmarks = read_landmarks(options.landmarks / f"{clip.stem}.npz", settings.data.stride)
            frames = decode_clip(clip, network.config.image_size, settings.data.stride)
            if len(frames) != len(landmarks):
                raise LandmarkError(f"{clip.stem}: {len(landmarks)} landmarks, {len(frames)} frames; find them again")
            tracks.append((_keypoints(network, frames), landmarks))
        figures = compare(tracks, settings.landmarks)
    except (SettingsError, CheckpointError, ClipError, LandmarkError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for span, match in zip(settings.landmarks.spans, figures.spans, strict=True):
        print(f"span {span[0]:2} to {span[1]:2}: gain {match.gain:.2f}, correlation {match.correlation:.2f}")
    spans = [[round(match.gain, 4), round(match.correlation, 4)] for match in figures.spans]
    shift_px = round(figures.shift_px, 3)
    print(json.dumps({"distance_px": round(figures.distance_px, 3), "shift_px": shift_px, "spans": spans}))
    return 0


def compare(tracks: Sequence[tuple[Points, Points]], guide: LandmarkSettings) -> DetectorFigures:
    """Keypoints [t, k, 2] of each clip against its landmarks [t, n, 2], both in [-1, 1]; unseen landmarks are NaN."""
    numbers = [point for point, _ in guide.points]
    seen = [(found, landmarks) for found, landmarks in tracks if np.isfinite(landmarks[:, numbers]).any()]
    if not seen:
        raise LandmarkError("no clip shows a landmark; find them in the clips that are measured")
    guided = [(found[:, : len(numbers)], landmarks[:, numbers]) for found, landmarks in seen]
    distances = [np.nanmean(np.linalg.norm(found - expected, axis=-1)) for found, expected in guided]
    shifts = [_shift(found - expected) for found, expected in guided]
    spans = tuple(_liveliest([(_length(f, span), _length(e, span)) for f, e in guided]) for span in guide.spans)
    distance_px, shift_px = (float(np.mean(values)) * STATED_SIZE / 2 for values in (distances, shifts))
    return DetectorFigures(distance_px, shift_px, spans)


def _shift(error: Points) -> float:
    """Mean change of each point's `error` [t, n, 2] since the first frame in which it is known; NaN is not known."""
    known = np.isfinite(error).all(axis=-1)  # t n
    first = error[known.argmax(axis=0), np.arange(error.shape[1])]
    return float(np.nanmean(np.linalg.norm(error - first, axis=-1)))


def _liveliest(lengths: list[tuple[Points, Points]]) -> Following:
    """Medians over the clips in which the expected length deviates most over time."""
    moving = [(float(np.nanstd(expected)), following(expected, found, 1e-6)) for found, expected in lengths]
    known = [match for _, match in sorted(moving, key=lambda one: -one[0]) if match is not None][:LIVELIEST_CLIPS]
    if not known:
        return Following(float("nan"), float("nan"))
    correlation, gain = (
        float(np.median([getattr(match, name) for match in known])) for name in ("correlation", "gain")
    )
    return Following(correlation, gain)


def _length(points: Points, span: tuple[int, int]) -> Points:
    return np.asarray(np.linalg.norm(points[:, span[0]] - points[:, span[1]], axis=-1), np.float32)


@torch.inference_mode()
def _keypoints(network: PortraitNet, frames: np.ndarray) -> Points:
    batches = to_tensor(frames, torch.device("cpu")).split(CHUNK)
    return torch.cat([network.detect_keypoints(batch).mean for batch in batches]).numpy()


if __name__ == "__main__":
    sys.exit(main())
