"""Proof that an engine computes what torch computed: the whole way of a frame, on the pictures in the bundle.

The bundle's parity.npz holds portraits, drivers, and what torch made of them in float32.
"""

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from realtime.bundle import Bundle
from realtime.engines.base import DeviceTensors, Engine
from realtime.errors import BundleError
from realtime.frames import Keypoints, Pixels, Tensor, pixels_to_tensor, source_tensors
from realtime.manifest import EnginePrecision, Parity
from realtime.motion import relative_motion

PARITY_FILE = "parity.npz"
# Pictures are kept as whole numbers: a tenth of the strictest limit is lost.
LEVELS = 65535
HIGHEST_PSNR_DB = 150.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a precision may be off by. None for largest_difference: only what shows counts."""

    keypoint_px: float
    image_psnr_db: float
    largest_difference: float | None = None


LIMITS: dict[EnginePrecision, Limits] = {
    "fp32": Limits(keypoint_px=0.1, image_psnr_db=60.0, largest_difference=1e-4),
    "fp16": Limits(keypoint_px=0.1, image_psnr_db=45.0),
    "bf16": Limits(keypoint_px=0.5, image_psnr_db=34.0),
    "int8": Limits(keypoint_px=0.5, image_psnr_db=34.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Pictures to animate: portraits [p, s, s, 3] and drivers [d, s, s, 3], uint8. The first driver is neutral.

    Driver j > 0 moves portrait j mod p, relative to the neutral one.
    """

    portraits: Pixels
    drivers: Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """A scene animated: keypoints of portraits and drivers, and d - 1 pictures [n, s, s, 3] in [0, 1]."""

    mean: Tensor
    covariance: Tensor
    images: Tensor


def read_proof(bundle: Bundle) -> tuple[Scene, Rendering]:
    """The bundle's scene, and what torch made of it. Raises BundleError if the file does not hold them."""
    path = bundle.path / PARITY_FILE
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            scene = Scene(stored["portraits"], stored["drivers"])
            images = stored["images"].astype(np.float32) / np.float32(LEVELS)
            return scene, Rendering(stored["mean"], stored["covariance"], images)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path}: holds no proof: {error}", hint="export the bundle anew") from error


def write_proof(path: Path, scene: Scene, rendering: Rendering) -> None:
    """Keep a scene and torch's rendering of it."""
    levels = np.rint(np.clip(rendering.images, 0, 1) * LEVELS).astype(np.uint16)
    pictures = {field.name: getattr(scene, field.name) for field in fields(scene)}
    np.savez_compressed(path, mean=rendering.mean, covariance=rendering.covariance, images=levels, **pictures)


def render(engine: Engine, scene: Scene, margin: int = 0) -> Rendering:
    """The scene through the engine, as the live loop does it for a model with such a margin."""
    shown = [engine.upload(source_tensors(pixels_to_tensor(pixels), margin)) for pixels in scene.portraits]
    still = [_keypoints(engine, engine.run("detect_keypoints", tensors)) for tensors in shown]
    sources = [
        engine.run("encode_source", tensors) | _upload(engine, "source", keypoints)
        for tensors, keypoints in zip(shown, still, strict=True)
    ]
    moving = [
        _keypoints(engine, engine.run("detect_keypoints", engine.upload({"image": pixels_to_tensor(pixels)})))
        for pixels in scene.drivers
    ]
    images = []
    for index, driving in enumerate(moving[1:], start=1):
        which = index % len(sources)
        target = relative_motion(driving, still[which], moving[0]).target
        result = engine.run("animate", sources[which] | _upload(engine, "driving", target))
        images.append(engine.download(result["image"])[0].transpose(1, 2, 0).copy())  # s s 3
    found = [*still, *moving]
    return Rendering(
        np.stack([keypoints.mean for keypoints in found]),
        np.stack([keypoints.covariance for keypoints in found]),
        np.stack(images),
    )


def compare(found: Rendering, expected: Rendering, size_px: int) -> Parity:
    """The worst of all frames. Infinite where something is not a number."""
    differences = [
        float(np.abs(getattr(found, field.name) - getattr(expected, field.name)).max()) for field in fields(found)
    ]
    if not np.isfinite(differences).all():
        return Parity(largest_difference=float("inf"), keypoint_px=float("inf"), image_psnr_db=0.0)
    errors = np.square(np.clip(found.images, 0, 1) - np.clip(expected.images, 0, 1)).mean(axis=(1, 2, 3))
    psnr_db = -10 * np.log10(np.maximum(errors.max(), 10 ** (-HIGHEST_PSNR_DB / 10)))
    # [-1, 1] spans the picture.
    return Parity(
        largest_difference=max(differences), keypoint_px=differences[0] * size_px / 2, image_psnr_db=float(psnr_db)
    )


def prove(engine: Engine, bundle: Bundle) -> Parity:
    """How far the engine is from torch on the bundle's scene."""
    scene, expected = read_proof(bundle)
    return compare(render(engine, scene, bundle.margin), expected, bundle.image_size)


def shortfall(parity: Parity, precision: EnginePrecision) -> str | None:
    """Which limit of the precision is missed, and by what; None if all hold."""
    limits = LIMITS[precision]
    if limits.largest_difference is not None and not parity.largest_difference <= limits.largest_difference:
        return f"differs from torch by {parity.largest_difference:.1e}, allowed {limits.largest_difference:.0e}"
    if not parity.keypoint_px <= limits.keypoint_px:
        return f"moves keypoints by {parity.keypoint_px:.2f} px, allowed {limits.keypoint_px}"
    if not parity.image_psnr_db >= limits.image_psnr_db:
        return f"picture at {parity.image_psnr_db:.1f} dB PSNR, at least {limits.image_psnr_db:.0f} needed"
    return None


def _keypoints(engine: Engine, outputs: DeviceTensors) -> Keypoints:
    mean, covariance = (engine.download(outputs[name])[0].copy() for name in ("mean", "covariance"))
    return Keypoints(mean, covariance)


def _upload(engine: Engine, owner: str, keypoints: Keypoints) -> DeviceTensors:
    return engine.upload({f"{owner}_mean": keypoints.mean[None], f"{owner}_covariance": keypoints.covariance[None]})
