"""Portraits moved as the live program moves them: for what is measured, and for what learns nothing about motion."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from models.geometry import Keypoints as Batch
from realtime.frames import Keypoints, Motion
from realtime.gain import followed
from realtime.limiter import limited
from realtime.parts import Parts
from realtime.resting import facing


def in_a_call(driving: Keypoints, portrait: Keypoints, neutral: Keypoints, parts: Parts) -> Motion:
    """What a call shows of a portrait whose driver chose no neutral pose, with the limiter on."""
    return limited(followed(driving, portrait, facing(neutral, portrait, parts), parts), portrait, parts)


def moved_in_calls(driving: Batch, portraits: Batch, neutral: Batch, parts: Parts) -> Batch:
    """Every one of `portraits` so, on their device and without gradients."""
    rows = zip(one_by_one(driving), one_by_one(portraits), one_by_one(neutral), strict=True)
    moved = [in_a_call(*row, parts).target for row in rows]
    return stacked(moved, portraits.mean.device) if moved else portraits


def one_by_one(batch: Batch) -> Iterator[Keypoints]:
    """The keypoints of each picture of a batch, in single precision."""
    mean, covariance = (tensor.detach().float().cpu().numpy() for tensor in batch)
    return (Keypoints(*row) for row in zip(mean, covariance, strict=True))


def stacked(keypoints: Sequence[Keypoints], device: torch.device | None = None) -> Batch:
    """One or more as a batch."""
    means, covariances = ([getattr(points, name) for points in keypoints] for name in ("mean", "covariance"))
    return Batch(*(torch.from_numpy(np.stack(arrays)).to(device) for arrays in (means, covariances)))
