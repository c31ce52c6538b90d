"""Preview sheets: one row per pair, source | driving | keypoints | flow | warped | mask or occlusion | result."""

import colorsys
import math
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from models.geometry import Keypoints
from models.keypoint_detector import resize
from models.portrait_net import PortraitNet
from training.clips import Pixels

FLOW_FULL_SCALE = 0.3  # displacement shown at full brightness, in [-1, 1] units


@torch.no_grad()
def write_preview(path: Path, network: PortraitNet, source: Tensor, driving: Tensor) -> None:
    """Animate `source` by `driving`, both [b, 3, s, s] in [0, 1], and write the sheet as PNG."""
    source_keypoints, driving_keypoints = network.detect_keypoints(source), network.detect_keypoints(driving)
    animation = network.animate(network.encode_source(source), source_keypoints, driving_keypoints)
    occlusion = animation.flow.occlusion
    shown = animation.flow.masks[:, :1] if occlusion is None else occlusion
    size = source.shape[-1]
    columns = [
        _pixels(source),
        _pixels(driving),
        _draw_keypoints(_pixels(driving), driving_keypoints),
        _colour_flow(resize(animation.flow.displacement.movedim(-1, 1), size)),
        _pixels(animation.warped),
        _pixels(resize(shown, size).expand(-1, 3, -1, -1)),
        _pixels(animation.image),
    ]
    sheet = np.concatenate([np.concatenate(list(column)) for column in columns], axis=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def _pixels(images: Tensor) -> Pixels:
    scaled = (images.float().clamp(0, 1) * 255).round().byte()
    return np.ascontiguousarray(scaled.movedim(1, -1).cpu().numpy())


def _draw_keypoints(pictures: Pixels, keypoints: Keypoints) -> Pixels:
    pictures = pictures.copy()
    size, count = pictures.shape[1], keypoints.mean.shape[1]
    for picture, means in zip(pictures, keypoints.mean.cpu().numpy(), strict=True):
        for k, (x, y) in enumerate(means):
            colour = [round(255 * c) for c in colorsys.hsv_to_rgb(k / count, 1.0, 1.0)]
            centre = (round((x + 1) * size / 2), round((y + 1) * size / 2))
            cv2.circle(picture, centre, max(2, size // 50), colour, -1, cv2.LINE_AA)
    return pictures


def _colour_flow(displacement: Tensor) -> Pixels:
    x, y = displacement.float().cpu().numpy().transpose(1, 0, 2, 3)
    hue = (np.arctan2(y, x) / math.tau % 1.0) * 179
    value = np.clip(np.hypot(x, y) / FLOW_FULL_SCALE, 0, 1) * 255
    hsv = np.stack([hue, np.full_like(hue, 255), value], axis=-1).astype(np.uint8)
    return np.stack([cv2.cvtColor(picture, cv2.COLOR_HSV2RGB) for picture in hsv]).astype(np.uint8, copy=False)
