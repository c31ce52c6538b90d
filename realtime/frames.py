"""The values that flow through the runtime, and the two converters at the border of the graphs."""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
Tensor: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture on its way from the camera to the sink; it keeps its birth time to the end.

    pixels: [h, w, 3] uint8 RGB. index: counts up from 0 at the camera. captured_at: seconds; time.monotonic() in a live
    run, time within the clip in an offline run.
    """

    pixels: Pixels
    index: int
    captured_at: float

    def with_pixels(self, pixels: Pixels) -> "Frame":
        """The same moment, shown by other pixels."""
        return replace(self, pixels=pixels)


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """Where the parts of a face are: mean [k, 2] float32 as x, y in [-1, 1]; covariance [k, 2, 2] float32."""

    mean: Tensor
    covariance: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where the portrait's own keypoints must go; never raw webcam keypoints."""

    target: Keypoints


def pixels_to_tensor(pixels: Pixels) -> Tensor:
    """[1, 3, h, w] float32 in [0, 1], from [h, w, 3] uint8."""
    planes = pixels.transpose(2, 0, 1)[None]  # 1 c h w
    return np.multiply(planes, np.float32(1 / 255), order="C", dtype=np.float32)


def tensor_to_pixels(tensor: Tensor) -> Pixels:
    """[h, w, 3] uint8, from [1, 3, h, w] float32; values outside [0, 1] are clipped."""
    levels = np.rint(np.clip(tensor[0], 0.0, 1.0) * np.float32(255))
    return np.ascontiguousarray(levels.astype(np.uint8).transpose(1, 2, 0))  # h w c
