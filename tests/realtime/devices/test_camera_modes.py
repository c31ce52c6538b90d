"""Negotiation: which of a camera's modes serves a wish best."""

import pytest

from realtime.devices.camera_modes import CameraMode, CameraWish, best_mode, summary
from realtime.frames import Size

VGA, HD, FULL_HD = Size(640, 480), Size(1280, 720), Size(1920, 1080)
# A usual USB 2 webcam: raw pictures are slow at the larger sizes.
LAPTOP = [
    *(CameraMode("YUYV", VGA, rate_hz) for rate_hz in (30.0, 15.0)),
    CameraMode("YUYV", HD, 10.0),
    CameraMode("YUYV", FULL_HD, 5.0),
    *(CameraMode("MJPG", size, 30.0) for size in (VGA, HD, FULL_HD)),
    CameraMode("H264", HD, 30.0),
]
WISHES = {
    "small: raw is fast enough": (CameraWish(VGA), CameraMode("YUYV", VGA, 30.0)),
    "large: only MJPG is fast enough": (CameraWish(HD), CameraMode("MJPG", HD, 30.0)),
    "slow and large: raw will do": (CameraWish(HD, 10.0), CameraMode("YUYV", HD, 10.0)),
    "between two sizes: the larger": (CameraWish(Size(800, 600)), CameraMode("MJPG", HD, 30.0)),
    "larger than any: the largest": (CameraWish(Size(3840, 2160)), CameraMode("MJPG", FULL_HD, 30.0)),
    "faster than any: the fastest": (CameraWish(VGA, 60.0), CameraMode("YUYV", VGA, 30.0)),
    "a format asked for": (CameraWish(VGA, 30.0, "MJPG"), CameraMode("MJPG", VGA, 30.0)),
}


@pytest.mark.parametrize("wish", WISHES)
def test_the_mode_that_serves_best(wish: str) -> None:
    asked, expected = WISHES[wish]
    assert best_mode(LAPTOP, asked) == expected


def test_nothing_known_or_nothing_usable_is_none() -> None:
    assert best_mode([], CameraWish()) is None
    assert best_mode(LAPTOP, CameraWish(pixel_format="H264")) is None


def test_29_97_is_30() -> None:
    modes = [CameraMode("YUYV", VGA, 29.97), CameraMode("MJPG", VGA, 60.0)]
    assert best_mode(modes, CameraWish(VGA)) == modes[0]


def test_the_summary_has_a_line_for_each_format_and_size() -> None:
    assert summary(LAPTOP)[-1] == "YUYV 1920x1080 at 5 a second"
    assert "YUYV 640x480 at 30, 15 a second" in summary(LAPTOP)
    assert len(summary(LAPTOP)) == 6  # H264 is of no use here
