"""Finding a camera by index, path or name, and again by identity."""

from pathlib import Path

import pytest

from realtime.devices.camera_list import CameraInfo, find_camera, same_camera
from realtime.errors import DeviceError

CAMERAS = [
    CameraInfo(0, "/dev/video0", "Integrated Webcam", "usb-Integrated-index0"),
    CameraInfo(2, "/dev/video2", "Logitech C920", "usb-Logitech_C920_1234-index0"),
    CameraInfo(4, "/dev/video4", "Logitech BRIO", "usb-Logitech_BRIO_5678-index0"),
    CameraInfo(6, "/dev/video6", "Logitech", "usb-Logitech_9-index0"),
]
PLACES = {
    "0": 0,
    "4": 4,
    "/dev/video2": 2,
    "c920": 2,
    "Integrated Webcam": 0,
    "logitech": 6,  # the whole name of one, part of two others
    "1": None,
    "/dev/video3": None,
    "Razer": None,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_camera_is_found_by_index_path_or_name(place: str) -> None:
    found = find_camera(place, CAMERAS)
    assert (found and found.index) == PLACES[place]


def test_a_link_leads_to_its_camera(tmp_path: Path) -> None:
    real = tmp_path / "video0"
    real.touch()
    link = tmp_path / "by-id"
    link.symlink_to(real)
    camera = CameraInfo(0, str(real), "a camera", "its identity")
    assert find_camera(str(link), [camera]) == camera


def test_a_name_that_fits_several_is_refused_with_the_choices() -> None:
    with pytest.raises(DeviceError, match="fits 3 cameras") as refusal:
        find_camera("logi", CAMERAS)
    assert "webcam:2 (Logitech C920)" in refusal.value.hint


def test_a_camera_is_known_again_under_another_number() -> None:
    moved = [CameraInfo(1, "/dev/video1", "Logitech C920", "usb-Logitech_C920_1234-index0"), *CAMERAS[2:]]
    assert same_camera(CAMERAS[1], moved) == moved[0]
    assert same_camera(CAMERAS[0], moved) is None
