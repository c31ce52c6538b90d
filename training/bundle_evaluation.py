"""Self-reenactment through a bundle's graphs and a live engine: what the user gets, measured as training measures."""

import numpy as np

from realtime.engines.base import Engine
from realtime.frames import Tensor, pixels_to_tensor
from training.clips import Pixels
from training.frame_cache import FrameCache
from training.validation import SelfReenactment


def bundle_self_reenactment(engine: Engine, cache: FrameCache) -> SelfReenactment:
    """Errors over all clips, first frame to every later one of the cache, absolute motion; clips weigh alike."""
    results, copies = [], []
    for index in range(cache.clip_count):
        first, *others = cache.clip(index)
        target = [pixels_to_tensor(pixels) for pixels in others]
        results.append(np.mean([_error(a, b) for a, b in zip(_animate(engine, first, others), target, strict=True)]))
        copies.append(np.mean([_error(pixels_to_tensor(first), b) for b in target]))
    return SelfReenactment(float(np.mean(results)), float(np.mean(copies)))


def _animate(engine: Engine, source: Pixels, driving: list[Pixels]) -> list[Tensor]:
    image = engine.upload({"image": pixels_to_tensor(source)})
    keypoints = engine.run("detect_keypoints", image)
    still = {f"source_{name}": tensor for name, tensor in keypoints.items()}
    inputs = still | engine.run("encode_source", image)
    frames = []
    for pixels in driving:
        found = engine.run("detect_keypoints", engine.upload({"image": pixels_to_tensor(pixels)}))
        moved = {f"driving_{name}": tensor for name, tensor in found.items()}
        frames.append(engine.download(engine.run("animate", inputs | moved)["image"]).copy())
    return frames


def _error(a: Tensor, b: Tensor) -> float:
    return float(np.abs(a - b).mean())
