"""`python -m benchmarks.call_load`: encodes 720p at 30 fps as a call app does, until its standard input ends.

A program of its own, as in a call: it competes for the processor, not for this interpreter. Prints "ready" after the
first picture, and at the end how many pictures it encoded and in how many seconds.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from subprocess import PIPE, Popen

import av
import numpy as np

from benchmarks.machine import ROOT

WIDTH_PX, HEIGHT_PX, RATE_HZ = 1280, 720, 30
# How WebRTC-like senders run x264: no look-ahead, one reference, a few megabits.
OPTIONS = {"preset": "veryfast", "tune": "zerolatency", "b": "2500k"}
PICTURES = 8


class CallLoad:
    """The other program while it runs; encoded_hz is known after its end: fewer than 30 says the machine was full."""

    def __init__(self, process: "Popen[str]") -> None:
        self.process = process
        self.encoded_hz = 0.0


@contextmanager
def call_running() -> Iterator[CallLoad]:
    """A call app's encoder as a second process, from its first encoded picture to the end of the body."""
    with Popen([sys.executable, "-m", "benchmarks.call_load"], cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin and process.stdout
        load = CallLoad(process)
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"the encoder ended at once, with exit code {process.wait()}")
        try:
            yield load
        finally:
            process.stdin.close()
            pictures, seconds = process.stdout.readline().split()
            load.encoded_hz = int(pictures) / float(seconds)


def main() -> None:
    """Encodes until standard input ends."""
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.options = Fraction(1, RATE_HZ), Fraction(RATE_HZ), OPTIONS
    pictures = _moving_pictures()
    started_s = time.monotonic()
    count = 0
    while not ended.is_set():
        picture = av.VideoFrame.from_ndarray(pictures[count % PICTURES], format="yuv420p")
        picture.pts = count
        encoder.encode(picture)
        if count == 0:
            print("ready", flush=True)
        count += 1
        ended.wait(max(0.0, started_s + count / RATE_HZ - time.monotonic()))
    print(count, time.monotonic() - started_s, flush=True)


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def _moving_pictures() -> list[np.ndarray]:
    """Soft shapes that drift, with a webcam's grain: neither the easiest picture to encode nor the hardest."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: HEIGHT_PX * 3 // 2, :WIDTH_PX]
    return [
        np.clip(128 + 80 * np.sin(x / 90 + step / 4) * np.cos(y / 70) + rng.normal(0, 3, x.shape), 0, 255).astype(
            np.uint8
        )
        for step in range(PICTURES)
    ]


if __name__ == "__main__":
    main()
