"""Re-enacting frames that calibration never saw: a rounded precision beside float32, both against the truth."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from export.calibration import KEYPOINTS_JUDGED, psnr_db
from export.footage import Footage
from realtime.bundle import Bundle
from realtime.engines.base import Engine
from realtime.engines.catalogue import open_engine
from realtime.engines.proof import LIMITS
from realtime.frames import Pixels, Tensor, pixels_to_tensor, source_tensors
from realtime.manifest import HeldOut, Precision

# Rounding may cost this much of the evaluation's figure.
MOST_ERROR_RATIO = 1.03


@dataclass(frozen=True, slots=True, eq=False)
class Reenacted:
    """One frame: the driver's keypoints, the picture, and its mean absolute error against the true frame."""

    mean: Tensor
    image: Tensor
    error: float


def measure_held_out(bundle: Bundle, precision: Precision, footage: Footage) -> HeldOut:
    """The figures of `precision` on the footage's held-out frames, in ONNX Runtime."""
    with open_engine("onnx-cpu", bundle) as exact, open_engine("onnx-cpu", bundle, precision=precision) as rounded:
        before = [frame for clip in footage.held_out() for frame in _reenact(exact, clip, bundle.margin)]
        after = [frame for clip in footage.held_out() for frame in _reenact(rounded, clip, bundle.margin)]
    pairs = list(zip(after, before, strict=True))
    off_px = np.array([np.abs(a.mean - b.mean) for a, b in pairs]) * bundle.image_size / 2
    return HeldOut(
        frames=len(pairs),
        keypoint_px_p99=float(np.percentile(off_px, KEYPOINTS_JUDGED)),
        keypoint_px_max=float(off_px.max()),
        image_psnr_db=min(psnr_db(a.image, b.image) for a, b in pairs),
        error_ratio=float(np.mean([a.error for a in after]) / np.mean([b.error for b in before])),
    )


def held_out_shortfall(figures: HeldOut, precision: Precision) -> str | None:
    """Which limit the figures miss, and by what; None if all hold."""
    limits = LIMITS[precision]
    if not figures.keypoint_px_p99 <= limits.keypoint_px:
        return f"moves a keypoint in a hundred by {figures.keypoint_px_p99:.2f} px, allowed {limits.keypoint_px}"
    if not figures.image_psnr_db >= limits.image_psnr_db:
        return f"paints a held-out frame at {figures.image_psnr_db:.1f} dB, at least {limits.image_psnr_db:.0f} needed"
    if not figures.error_ratio <= MOST_ERROR_RATIO:
        return f"re-enacts held-out frames with {figures.error_ratio:.3f} times the error, allowed {MOST_ERROR_RATIO}"
    return None


def _reenact(engine: Engine, clip: Pixels, margin: int) -> Iterator[Reenacted]:
    """The clip's later frames from its first, as the evaluation does it."""
    shown = engine.upload(source_tensors(pixels_to_tensor(clip[0]), margin))
    still = engine.run("detect_keypoints", shown)
    inputs = engine.run("encode_source", shown) | {f"source_{name}": tensor for name, tensor in still.items()}
    for frame in clip[1:]:
        truth = pixels_to_tensor(frame)
        moved = engine.run("detect_keypoints", engine.upload({"image": truth}))
        result = engine.run("animate", inputs | {f"driving_{name}": tensor for name, tensor in moved.items()})
        picture = engine.download(result["image"])
        yield Reenacted(engine.download(moved["mean"]), picture, float(np.abs(picture - truth).mean()))
