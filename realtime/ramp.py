"""A smooth rise from the ends of a line: where two pictures mix, and where motion begins."""

import numpy as np

from realtime.frames import Tensor


def ramp(length: int, begin: float, end: float, at_start: bool, at_end: bool) -> Tensor:
    """[length]: 1, but at the ends that are named 0 up to begin and rising smoothly to 1 at end, shares of length."""
    way = ((np.arange(length, dtype=np.float32) + 0.5) / length - begin) / (end - begin)
    rising = np.clip(way if at_start else 1, 0, 1) * np.clip(way[::-1] if at_end else 1, 0, 1)
    return np.broadcast_to(rising * rising * (3 - 2 * rising), (length,)).astype(np.float32)
