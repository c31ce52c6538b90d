"""Whether the next frame is worth waiting for: an animator that only just keeps up would else stay behind for long.

A frame that comes while the last one is animated waits, and what is made of it is older by that. An animator that is
quicker than the camera makes up for it by and by; the nearer the two, the more frames it takes. Leaving one out does it
at once.
"""

LONGEST_WAIT = 0.4  # of the camera's period: what waited less is animated
FRAMES_TO_CATCH_UP = 4  # a wait that is gone within so many frames is left to them
KEEPS_UP = 1.1  # periods for a frame: a slower animator would lose every second one
MEMORY = 0.9


class Freshness:
    """Owned by the animate thread."""

    def __init__(self) -> None:
        self._work_s: float | None = None

    def worked(self, seconds: float) -> None:
        """Takes in how long a frame took to animate."""
        self._work_s = seconds if self._work_s is None else MEMORY * self._work_s + (1 - MEMORY) * seconds

    def is_stale(self, waited_s: float, camera_hz: float) -> bool:
        """Whether a frame that waited so long is better left out, for the next of a camera of that rate."""
        if self._work_s is None or camera_hz <= 0:
            return False
        period_s = 1 / camera_hz
        gained_s = period_s - self._work_s  # with every frame
        longest_s = max(LONGEST_WAIT * period_s, FRAMES_TO_CATCH_UP * gained_s)
        return self._work_s <= KEEPS_UP * period_s and waited_s > longest_s
