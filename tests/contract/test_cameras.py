"""What every camera must do. A new camera joins by a line in CAMERAS. A webcam needs a device: tests/device/."""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from realtime.devices.cameras import Camera, open_live_camera, open_recorded_camera
from realtime.errors import DeviceError
from tests.conftest import CLIP_FRAMES, CLIP_RATE_HZ
from tests.fakes import ScriptedCamera

CAMERAS: dict[str, Callable[[Path], Camera]] = {
    "scripted": lambda _clip: ScriptedCamera([10, 0.01, 20, 0.01, 30]),
    "file": lambda clip: open_recorded_camera(f"file:{clip}"),
    "file, live": lambda clip: open_live_camera(f"file:{clip}"),
    "synthetic": lambda _clip: open_recorded_camera("synthetic:"),
    "synthetic, live": lambda _clip: open_live_camera("synthetic:"),
}


@pytest.fixture(params=CAMERAS)
def camera(request: pytest.FixtureRequest, clip: Path) -> Iterator[Camera]:
    with CAMERAS[request.param](clip) as opened:
        yield opened


def test_it_says_its_name_and_rate(camera: Camera) -> None:
    assert ":" in camera.name
    assert 1 <= camera.rate_hz <= 240


def test_frames_are_rgb_pictures_counted_from_zero(camera: Camera) -> None:
    frames = list(itertools.islice(camera.frames(), 3))
    assert [frame.index for frame in frames] == [0, 1, 2]
    for frame in frames:
        assert frame.pixels.dtype == np.uint8
        assert frame.pixels.ndim == 3
        assert frame.pixels.shape[2] == 3
        assert frame.pixels.flags.c_contiguous


def test_time_moves_on_from_frame_to_frame(camera: Camera) -> None:
    times = [frame.captured_at for frame in itertools.islice(camera.frames(), 3)]
    assert times == sorted(set(times))


def test_a_frame_is_not_changed_by_the_next(camera: Camera) -> None:
    frames = camera.frames()
    first = next(frames)
    before = first.pixels.copy()
    next(frames)
    assert np.array_equal(first.pixels, before)


def test_closing_twice_closes_nothing_else(camera: Camera, tmp_path: Path) -> None:
    next(camera.frames())
    camera.close()
    with (tmp_path / "other").open("w") as other:  # takes the number of a file that the camera had open
        camera.close()
        other.write("still open")
    assert (tmp_path / "other").read_text() == "still open"


def test_a_clip_gives_every_frame_at_its_time(clip: Path) -> None:
    with open_recorded_camera(f"file:{clip}") as camera:
        frames = list(camera.frames())
    assert camera.rate_hz == CLIP_RATE_HZ
    assert [frame.captured_at for frame in frames] == pytest.approx([i / CLIP_RATE_HZ for i in range(CLIP_FRAMES)])


def test_a_live_clip_plays_at_its_own_pace_on_the_monotonic_clock(clip: Path) -> None:
    with open_live_camera(f"file:{clip}") as camera:
        started_s = time.monotonic()
        times = [frame.captured_at for frame in camera.frames()]
    assert len(times) == CLIP_FRAMES
    assert times[-1] - times[0] >= (CLIP_FRAMES - 1) / CLIP_RATE_HZ - 0.01
    assert started_s <= times[0] <= times[-1] <= time.monotonic()


def test_the_synthetic_camera_moves_the_same_way_each_time() -> None:
    one, other = (list(itertools.islice(open_recorded_camera("synthetic:").frames(), 10)) for _ in range(2))
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one, other, strict=True))
    assert not np.array_equal(one[0].pixels, one[9].pixels)


REFUSED = {
    "carrier-pigeon:": "unknown camera 'carrier-pigeon:'",
    "file:nowhere.mp4": "nowhere.mp4: cannot be opened as a video",
    "webcam:/dev/video97": "webcam:/dev/video97: there is no such camera",
    "webcam:97": "webcam:97: there is no such camera",
}


@pytest.mark.parametrize("address", REFUSED)
def test_a_camera_that_is_not_there_is_refused(address: str) -> None:
    with pytest.raises(DeviceError) as refusal:
        open_live_camera(address)
    assert REFUSED[address] in refusal.value.message
    assert refusal.value.hint


def test_a_webcam_cannot_be_read_offline() -> None:
    with pytest.raises(DeviceError, match="cannot be read offline"):
        open_recorded_camera("webcam:0")


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("not a video")
    with pytest.raises(DeviceError, match=r"text\.mp4: cannot be opened as a video"):
        open_recorded_camera(f"file:{path}")


def test_a_clip_without_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w", options={"movflags": "empty_moov"}) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        container.start_encoding()
    with pytest.raises(DeviceError, match=r"silent\.mp4: gives no frames"):
        list(open_recorded_camera(f"file:{path}").frames())


def test_a_truncated_clip_is_refused(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "cut.mp4"
    data = clip.read_bytes()
    path.write_bytes(data[: len(data) // 10])
    with pytest.raises(DeviceError, match=r"cut\.mp4"):
        list(open_recorded_camera(f"file:{path}").frames())
