"""`framing`: how well the driver's crop follows a face.

Clips are shifted and scaled along random smooth paths over a larger picture, so that the truth is known.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.recorder import Recorder
from benchmarks.rig import DEFAULT_ENGINE, EngineOpener
from realtime.bundle import Bundle, open_bundle
from realtime.devices.cameras import open_recorded_camera
from realtime.engines.base import Engine
from realtime.engines.catalogue import open_engine
from realtime.errors import SettingsError
from realtime.faces.detector import FaceDetector
from realtime.faces.driver_framing import DriverFraming
from realtime.faces.finder import PromptFaceFinder
from realtime.frames import Frame, Keypoints, Pixels, pixels_to_tensor
from realtime.framing import cut_out, ideal_crop
from realtime.settings import DEFAULT_BUNDLE

HELP = "how well the driver's crop follows a moving face"
DEFAULT_CLIPS = Path("../shared/data/portraits/val")
WIDTH_PX, HEIGHT_PX, CLIP_SIDE_PX = 640, 480, 256
REACH_PX, SCALES = (110.0, 70.0), (0.8, 1.25)
PERIODS_S = (5.0, 14.0)
SETTLED_S = 1.0
REFERENCE_SMOOTHING_S = 0.15  # of the face's place in the clip itself: the detector's noise goes, movements stay
JITTER_SMOOTHING_S = 0.05  # what of the crop's path this takes away, above some 3 Hz, is jitter

Path2d = NDArray[np.float64]  # n 3: x and y of the clip's middle in pixels, scale


class NoFaceError(Exception):
    """A clip that shows nothing to follow."""


@dataclass(frozen=True, slots=True)
class FollowingError:
    """Of one clip: distance of their centres in per cent of the crop's side; jitter in the model's pixels."""

    mean_percent: float
    p95_percent: float
    jitter_px: float
    missed_frames: int


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `framing`."""
    add = parser.add_argument
    add("--bundle", type=Path, default=DEFAULT_BUNDLE, help="model bundle (default: portrait-s)")
    add("--clips", type=Path, default=DEFAULT_CLIPS, help="folder of square videos of faces")
    add("--most-clips", type=int, help="clips measured at most (default all)")
    add("--engine", default=DEFAULT_ENGINE, help=f"inference runtime (default {DEFAULT_ENGINE})")


def measure(options: argparse.Namespace, recorder: Recorder, opener: EngineOpener = open_engine) -> None:
    """Adds `error_mean`, `error_p95`, `jitter` and `missed_frames`, a sample for each clip."""
    clips = sorted(options.clips.glob("*.mp4"))[: options.most_clips]
    if not clips:
        raise SettingsError(f"{options.clips}: holds no mp4 videos", hint="name a folder of clips with --clips")
    bundle, detector = open_bundle(options.bundle), FaceDetector()
    with opener(options.engine, bundle, 1) as engine:
        for seed, clip in enumerate(recorder.track(clips, "Clips", len(clips))):
            with open_recorded_camera(f"file:{clip}") as camera:
                frames = list(camera.frames())
            path = smooth_path(len(frames), _rate_hz(frames), seed)
            try:
                error = measured(frames, path, bundle, engine, detector)
            except NoFaceError as missing:
                recorder.note(f"{clip.stem} is left out: {missing}")
                continue
            recorder.add("error_mean", "%", error.mean_percent)
            recorder.add("error_p95", "%", error.p95_percent)
            recorder.add("jitter", "px", error.jitter_px)
            recorder.add("missed_frames", "count", error.missed_frames)


def smooth_path(frames: int, rate_hz: float, seed: int) -> Path2d:
    """[n, 3]: a random smooth way of a clip over the picture, and its scale."""
    random = np.random.default_rng(seed)
    times_s = np.arange(frames) / rate_hz
    waves = []
    for reach in (*REACH_PX, 1.0):
        periods_s, phases = random.uniform(*PERIODS_S, 3), random.uniform(0, 2 * np.pi, 3)
        waves.append(reach / 3 * np.sin(2 * np.pi * times_s[:, None] / periods_s + phases).sum(axis=1))
    low, high = np.log(SCALES)
    scale = np.exp((low + high) / 2 + (high - low) / 2 * waves[2])
    return np.stack([WIDTH_PX / 2 + waves[0], HEIGHT_PX / 2 + waves[1], scale], axis=1)


def placed(pixels: Pixels, where: NDArray[np.float64]) -> Pixels:
    """[480, 640, 3]: the clip's square picture about its middle, its border repeated and blurred beyond."""
    height, width = pixels.shape[:2]
    scale = where[2] * CLIP_SIDE_PX / width
    matrix = np.array([[scale, 0, where[0] - scale * width / 2], [0, scale, where[1] - scale * height / 2]])
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(
        cv2.warpAffine(pixels, matrix, (WIDTH_PX, HEIGHT_PX), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def measured(
    frames: Sequence[Frame], path: Path2d, bundle: Bundle, engine: Engine, detector: FaceDetector
) -> FollowingError:
    """How the framing follows frames (square, upright) along path, searching for the face as in a live run.

    Raises NoFaceError where the clip itself shows no face, or the framing found none once it had time to.
    """
    truth = _where_the_face_is(frames, detector)  # n 3: in shares of the clip's picture
    scale = path[:, 2] * CLIP_SIDE_PX
    centres = path[:, :2] + (truth[:, :2] - 0.5) * scale[:, None]
    sides = truth[:, 2] * scale
    crops = np.array(list(_followed(frames, path, bundle, engine, detector)))  # n 3
    rate_hz = _rate_hz(frames)
    settled = np.arange(len(frames)) >= SETTLED_S * rate_hz
    seen = settled & ~np.isnan(crops[:, 0])
    if not seen.any():
        raise NoFaceError("the framing found no face in the moved picture")
    errors = np.linalg.norm(crops[seen, :2] - centres[seen], axis=1) / sides[seen] * 100
    return FollowingError(
        mean_percent=float(errors.mean()),
        p95_percent=float(np.percentile(errors, 95)),
        jitter_px=_jitter_px(crops[seen], bundle.image_size, rate_hz),
        missed_frames=int((settled & np.isnan(crops[:, 0])).sum()),
    )


def _followed(
    frames: Sequence[Frame], path: Path2d, bundle: Bundle, engine: Engine, detector: FaceDetector
) -> Iterator[tuple[float, float, float]]:
    framing = DriverFraming(PromptFaceFinder(detector))
    for frame, where in zip(frames, path, strict=True):
        shown = Frame(placed(frame.pixels, where), frame.index, frame.captured_at)
        crop = framing.crop_for(shown)
        if crop is None:
            yield (np.nan, np.nan, np.nan)
            continue
        keypoints = _keypoints(engine, cut_out(shown.pixels, crop, bundle.image_size))
        framing.saw(shown, crop, keypoints, mirrored=False)
        yield (*crop.centre_px, crop.side_px)


def _keypoints(engine: Engine, driver: Pixels) -> Keypoints:
    found = engine.run("detect_keypoints", engine.upload({"image": pixels_to_tensor(driver)}))
    return Keypoints(engine.download(found["mean"])[0].copy(), engine.download(found["covariance"])[0].copy())


def _where_the_face_is(frames: Sequence[Frame], detector: FaceDetector) -> Path2d:
    """[n, 3]: centre and side of the ideal crop in every frame, as shares, smoothed over past and future alike.

    Raises NoFaceError where no frame shows a face.
    """
    rows = []
    for frame in frames:
        faces = detector.detect(frame.pixels)
        crop = ideal_crop(faces[0]) if faces else None
        rows.append((*crop.centre_px, crop.side_px) if crop else (np.nan, np.nan, np.nan))
    shares = np.array(rows) / frames[0].pixels.shape[1]
    known = ~np.isnan(shares[:, 0])
    if not known.any():
        raise NoFaceError("no face found in any frame")
    at = np.arange(len(frames))
    filled = np.stack([np.interp(at, at[known], column[known]) for column in shares.T], axis=1)
    return _smoothed(filled, REFERENCE_SMOOTHING_S * _rate_hz(frames))


def _smoothed(track: Path2d, sigma_frames: float) -> Path2d:
    """track [n, m], each column through a Gaussian window that looks both ways; its ends are continued straight."""
    reach = max(1, int(3 * sigma_frames))
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_frames) ** 2)
    window /= window.sum()
    padded = np.pad(track, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(column, window, "valid") for column in padded.T], axis=1)


def _jitter_px(crops: Path2d, size_px: int, rate_hz: float) -> float:
    """Root mean square of what is quick in the crop's path, in pixels of the model's picture."""
    quick = crops[:, :2] - _smoothed(crops[:, :2], JITTER_SMOOTHING_S * rate_hz)
    shown_px = quick / crops[:, 2:] * size_px
    return float(np.sqrt((shown_px**2).sum(axis=1).mean()))


def _rate_hz(frames: Sequence[Frame]) -> float:
    return (len(frames) - 1) / (frames[-1].captured_at - frames[0].captured_at)
