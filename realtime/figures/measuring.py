"""`--measure-latency`: a run that times its pictures from glass to glass, with the stripe of latency.py."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import cv2
import numpy as np

from realtime.devices.cameras import Camera
from realtime.devices.sinks import NullSink
from realtime.figures.latency import StripeCarrier, StripeMeter, StripePainter, StripeReadingSink
from realtime.output.machine import Stamp
from realtime.output.sender import Sender

READER_ENDS_S = 5.0


def striped(camera: Camera) -> tuple[Camera, Stamp]:
    """camera with a stripe painted into its pictures, and what draws it anew over the output.

    A webcam's pictures are left alone: it may film a stripe, or be fed one by another program.
    """
    carrier = StripeCarrier(camera if camera.recovers else StripePainter(camera))
    return carrier, carrier.stamp


@contextmanager
def timing_pictures(sender: Sender) -> Iterator[None]:
    """Within the body reads stripes where others see them: off the virtual camera if it can be read, else as sent.

    Prints the percentiles at the end.
    """
    meter, device = StripeMeter(), sender.sinks[0].reader_device
    if device is None:
        sender.add_sink(StripeReadingSink(NullSink(), meter))
        yield
    else:
        with _reading(device, meter):
            yield
    print(summary(meter))


def summary(meter: StripeMeter) -> str:
    """`latency from glass to glass p50 41 p95 52 p99 60 ms over 290 pictures`."""
    ages_ms = meter.ages_ms()
    if not ages_ms:
        return "latency from glass to glass: no picture with a stripe was seen"
    p50, p95, p99 = np.percentile(ages_ms, (50, 95, 99))
    return f"latency from glass to glass p50 {p50:.0f} p95 {p95:.0f} p99 {p99:.0f} ms over {len(ages_ms)} pictures"


@contextmanager
def _reading(device: str, meter: StripeMeter) -> Iterator[None]:
    over = Event()
    reader = Thread(target=_read, args=(device, meter, over), name="latency reader", daemon=True)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join(READER_ENDS_S)


def _read(device: str, meter: StripeMeter, over: Event) -> None:
    """Reads the virtual camera as a call does, until it is over."""
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    try:
        while not over.is_set():
            arrived, pixels = capture.read()
            if arrived:
                meter.see(np.asarray(pixels, np.uint8), time.monotonic())
            elif not over.wait(0.2):
                capture.open(device, cv2.CAP_V4L2)  # it gives pictures only once some were sent
    finally:
        capture.release()
