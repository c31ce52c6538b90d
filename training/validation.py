"""Self-reenactment error: a clip's first frame animated by its later frames, against copying that first frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.portrait_net import PortraitNet
from training.frame_cache import FrameCache

CHUNK = 16


@dataclass(frozen=True, slots=True)
class SelfReenactment:
    """Mean absolute error in [0, 1] of the result, and of the source left as it is."""

    result_l1: float
    copy_l1: float

    @property
    def improvement(self) -> float:
        """Share of the copy's error that the networks remove."""
        return 1 - self.result_l1 / self.copy_l1


def to_tensor(frames: np.ndarray, device: torch.device) -> Tensor:
    """Frames [b, s, s, 3] uint8 as [b, 3, s, s] float32 in [0, 1], channels last in memory."""
    # From pinned memory a GPU fetches them while it computes.
    staged = torch.empty(frames.shape, dtype=torch.uint8, pin_memory=device.type == "cuda")
    staged.numpy()[:] = frames
    return staged.to(device, non_blocking=True).movedim(-1, 1).float().div_(255)


@torch.inference_mode()
def self_reenactment(network: PortraitNet, cache: FrameCache, every: int, device: torch.device) -> SelfReenactment:
    """Errors over all clips, first frame to every `every`-th later one; clips weigh alike."""
    results, copies = [], []
    for index in range(cache.clip_count):
        clip = cache.clip(index)
        source = to_tensor(clip[:1], device)
        keypoints, features = network.detect_keypoints(source), network.encode_source(source)
        clip_result, clip_copy = [], []
        for driving in _chunks(to_tensor(clip[every::every], device)):
            count = driving.shape[0]
            repeated = {name: tensor.expand(count, -1, -1, -1) for name, tensor in features.items()}
            still = type(keypoints)(*(t.expand(count, *t.shape[1:]) for t in keypoints))
            image = network.animate(repeated, still, network.detect_keypoints(driving)).image
            clip_result.append((image - driving).abs().mean(dim=(1, 2, 3)))
            clip_copy.append((source - driving).abs().mean(dim=(1, 2, 3)))
        if clip_result:
            results.append(torch.cat(clip_result).mean().item())
            copies.append(torch.cat(clip_copy).mean().item())
    return SelfReenactment(float(np.mean(results)), float(np.mean(copies)))


def _chunks(frames: Tensor) -> Iterator[Tensor]:
    if frames.shape[0]:
        yield from frames.split(CHUNK)
