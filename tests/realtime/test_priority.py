"""Who works beside the frames stands back for them."""

import os
import sys
import threading
import time

import numpy as np
import pytest

from realtime.faces.detector import FaceBox, FaceDetector
from realtime.faces.finder import BackgroundFaceFinder
from realtime.frames import Frame, Pixels
from realtime.priority import NICENESS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone gives threads priorities of their own")


class Noting(FaceDetector):
    """Finds nothing, and notes how nice the thread is that searches."""

    def __init__(self) -> None:
        self.found: list[int] = []

    def detect(self, pixels: Pixels, search_side_px: int = 512) -> tuple[FaceBox, ...]:
        self.found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return ()


def test_searches_for_a_face_stand_back_after_the_first() -> None:
    mine, detector = os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), Noting()
    with BackgroundFaceFinder(detector) as finder:
        for index in range(3):
            finder.offer(Frame(np.zeros((48, 64, 3), np.uint8), index, float(index)), None)
            until_s = time.monotonic() + 20
            while len(detector.found) == index:
                assert time.monotonic() < until_s
                time.sleep(0.005)
    assert detector.found == [mine, *[min(mine + NICENESS, 19)] * 2]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine
