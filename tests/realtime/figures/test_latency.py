"""Only the number crosses from the driver's picture to the output; each picture counts once."""

import time

import numpy as np
import pytest

from realtime.figures.latency import StripeCarrier, StripeMeter, StripePainter, StripeReadingSink
from realtime.figures.stripe import birth_number, read_stripe
from tests.fakes import RecordingSink, ScriptedCamera, picture_of

STRIPE_ROUNDING_MS = 0.5  # a stripe tells a birth to the nearest millisecond


def test_a_painted_frame_tells_its_birth_and_the_cameras_own_is_left_alone() -> None:
    frames = list(StripePainter(ScriptedCamera([128, 128])).frames())
    assert [read_stripe(frame.pixels) for frame in frames] == [birth_number(frame.captured_at) for frame in frames]


def test_the_number_crosses_to_the_output_of_the_same_frame() -> None:
    carrier = StripeCarrier(StripePainter(ScriptedCamera([10, 20, 30])))
    numbers = [read_stripe(frame.pixels) for frame in carrier.frames()]
    output = np.full((72, 128, 3), 90, np.uint8)
    assert [read_stripe(carrier.stamp(output, index)) for index in range(3)] == numbers
    assert carrier.stamp(output, None) is output
    assert carrier.stamp(output, 7) is output
    assert np.all(output == 90)


def test_frames_without_a_stripe_are_counted() -> None:
    carrier = StripeCarrier(ScriptedCamera([10, 20]))
    assert len(list(carrier.frames())) == 2
    assert carrier.unread == 2


def test_a_repeated_picture_counts_once() -> None:
    (frame,) = StripePainter(ScriptedCamera([128])).frames()
    meter = StripeMeter()
    sink = StripeReadingSink(RecordingSink(delay_s=0.05), meter)
    for _ in range(3):
        sink.send(picture_of(frame.pixels))
    sink.send(picture_of(np.zeros((64, 64, 3), np.uint8)))
    (age_ms,) = meter.ages_ms()
    assert 50 - STRIPE_ROUNDING_MS <= age_ms < 1000
    assert meter.unread == 1
    assert meter.ages_ms(since_s=time.monotonic() + 1) == []


@pytest.mark.parametrize("calls", [1, 2])
def test_closing_reaches_the_camera(calls: int) -> None:
    camera = ScriptedCamera([128])
    around = StripeCarrier(StripePainter(camera))
    for _ in range(calls):
        around.close()
    assert camera.closed == calls
