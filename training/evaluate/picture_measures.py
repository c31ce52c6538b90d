"""Differences between pictures: mean absolute error, peak signal-to-noise ratio, multi-scale structural similarity."""

from dataclasses import dataclass

import numpy as np
import torch
from pytorch_msssim import ms_ssim

from training.clips import Pixels

# Four halvings of a picture must hold the 11-pixel window.
SMALLEST_FOR_MS_SSIM = 176


@dataclass(frozen=True, slots=True)
class PictureFigures:
    """Means over frames: l1 in [0, 1], psnr in dB, ms_ssim in [0, 1] or None for pictures too small for it."""

    l1: float
    psnr_db: float
    ms_ssim: float | None


def compare_pictures(found: Pixels, expected: Pixels) -> PictureFigures:
    """Figures of `found` against `expected`, both [t, s, s, 3]."""
    difference = (found.astype(np.float32) - expected.astype(np.float32)) / 255
    squared = np.square(difference).mean(axis=(1, 2, 3))
    psnr = -10 * np.log10(np.maximum(squared, 1e-10))
    similarity = None
    if found.shape[1] >= SMALLEST_FOR_MS_SSIM:
        pair = (torch.from_numpy(frames).movedim(-1, 1).float() for frames in (found, expected))
        similarity = float(ms_ssim(*pair, data_range=255.0))
    return PictureFigures(float(np.abs(difference).mean()), float(psnr.mean()), similarity)
