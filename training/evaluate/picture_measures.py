"""Differences between pictures: mean absolute error, signal-to-noise ratio, structural similarity, lost detail."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_msssim import ms_ssim

from training.clips import Pixels

# Four halvings of a picture must hold the 11-pixel window.
SMALLEST_FOR_MS_SSIM = 176
# Few enough pictures to stay in the processor's cache: a whole clip at once takes four times as long.
CHUNK = 4
SMALLEST_DETAIL = 0.01  # grey levels of 255: a picture of one shade has as much as another one


@dataclass(frozen=True, slots=True)
class PictureFigures:
    """Means over frames: l1 in [0, 1], psnr in dB, ms_ssim in [0, 1] or None for pictures too small for it.

    detail: the mean amplitude of what 3x3 means leave out, over that of the expected picture: below one is blurred. The
    other figures hardly tell, as blur brings detail that is not quite in its place nearer to where it should be.
    """

    l1: float
    psnr_db: float
    ms_ssim: float | None
    detail: float


def compare_pictures(found: Pixels, expected: Pixels) -> PictureFigures:
    """Figures of `found` against `expected`, both [t, s, s, 3]."""
    absolute, squared = np.array([_errors(*pair) for pair in zip(found, expected, strict=True)]).T
    psnr = -10 * np.log10(np.maximum(squared, 1e-10))
    similarity = _similarity(found, expected) if found.shape[1] >= SMALLEST_FOR_MS_SSIM else None
    detail = np.mean([_detail(a) / _detail(b) for a, b in zip(found, expected, strict=True)])
    return PictureFigures(float(absolute.mean()), float(psnr.mean()), similarity, float(detail))


def _errors(found: Pixels, expected: Pixels) -> tuple[float, float]:
    """Mean absolute and mean squared error of one picture, in [0, 1]."""
    difference = (found.astype(np.float32) - expected.astype(np.float32)) / 255
    return float(np.abs(difference).mean()), float(np.square(difference).mean())


def _detail(picture: NDArray[np.uint8]) -> float:
    values = picture.astype(np.float32)
    return SMALLEST_DETAIL + float(np.abs(values - cv2.blur(values, (3, 3))).mean())


def _similarity(found: Pixels, expected: Pixels) -> float:
    chunks = (
        ms_ssim(*(_tensor(frames[start : start + CHUNK]) for frames in (found, expected)), 255.0, size_average=False)
        for start in range(0, len(found), CHUNK)
    )
    return float(torch.cat([*chunks]).mean())


def _tensor(frames: Pixels) -> torch.Tensor:
    return torch.from_numpy(frames).movedim(-1, 1).float()  # t 3 s s
