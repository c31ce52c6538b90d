"""What every sink must do. A new sink joins by a line in SINKS."""

import os
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import pyvirtualcam

from realtime.devices.sinks import NullSink, Sink, open_sink
from realtime.devices.virtual_camera import VirtualCameraSink
from realtime.errors import DeviceError
from realtime.frames import Frame
from tests.fakes import FakeVirtualCamera, RecordingSink, plain_frame

SIZE, RATE_HZ = 64, 25.0

pyvirtualcam.register_backend("fake", FakeVirtualCamera)


def _open(address: str) -> Sink:
    return open_sink(address, SIZE, RATE_HZ, post=lambda _command: None)


def _open_window(_folder: Path) -> Sink:
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        pytest.skip("a window needs a display, e.g. xvfb-run")
    return _open("window:")


SINKS: dict[str, Callable[[Path], Sink]] = {
    "recording": lambda _folder: RecordingSink(),
    "null": lambda _folder: NullSink(),
    "file": lambda folder: _open(f"file:{folder / 'video.mp4'}"),
    "frames": lambda folder: _open(f"frames:{folder / 'frames'}"),
    "virtual camera": lambda _folder: VirtualCameraSink(SIZE, RATE_HZ, backend="fake"),
    "window": _open_window,
}


@pytest.fixture(params=SINKS)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sink]:
    with SINKS[request.param](tmp_path) as opened:
        yield opened


def test_it_has_a_name(sink: Sink) -> None:
    assert ":" in sink.name


def test_it_takes_frames_and_leaves_them_unchanged(sink: Sink) -> None:
    for index in range(3):
        frame = plain_frame(index, level=10 * index)
        sink.send(frame)
        assert (frame.pixels == 10 * index).all()


def test_closing_twice_is_safe(sink: Sink) -> None:
    sink.send(plain_frame())
    sink.close()
    sink.close()


def test_closing_unused_is_safe(sink: Sink) -> None:
    sink.close()
    assert sink.name


def _decoded(path: Path) -> tuple[av.VideoStream, list[tuple[float, float]]]:
    """The stream, and of each picture its time and mean level."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        pictures = [
            (float(f.pts * f.time_base), float(f.to_ndarray(format="rgb24").mean())) for f in container.decode(stream)
        ]
    return stream, pictures


def test_a_video_is_h264_with_the_times_and_pictures_sent(tmp_path: Path) -> None:
    times_s = [100.0, 100.04, 100.2, 100.21]
    with _open(f"file:{tmp_path / 'new' / 'out.mp4'}") as sink:
        for index, at_s in enumerate(times_s):
            sink.send(plain_frame(index, level=60 * index, captured_at=at_s))
    stream, pictures = _decoded(tmp_path / "new" / "out.mp4")
    assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    assert [at_s for at_s, _ in pictures] == pytest.approx([0, 0.04, 0.2, 0.21], abs=1e-3)
    assert [level for _, level in pictures] == pytest.approx([0, 60, 120, 180], abs=4)


def test_a_recording_keeps_a_clips_rate(tmp_path: Path) -> None:
    with _open(f"file:{tmp_path / 'out.mp4'}") as sink:
        for index in range(50):
            sink.send(plain_frame(index, captured_at=index / RATE_HZ))
    stream, pictures = _decoded(tmp_path / "out.mp4")
    assert len(pictures) == 50
    assert stream.average_rate == Fraction(25)


def test_two_frames_of_one_instant_are_both_kept(tmp_path: Path) -> None:
    with _open(f"file:{tmp_path / 'out.mp4'}") as sink:
        for index in range(2):
            sink.send(plain_frame(index, captured_at=5.0))
    assert len(_decoded(tmp_path / "out.mp4")[1]) == 2


def test_colours_reach_the_video(tmp_path: Path) -> None:
    red = np.full((SIZE, SIZE, 3), (200, 30, 40), np.uint8)
    with _open(f"file:{tmp_path / 'out.mp4'}") as sink:
        sink.send(Frame(red, 0, 0.0))
    with av.open(str(tmp_path / "out.mp4")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    np.testing.assert_allclose(picture.mean(axis=(0, 1)), [200, 30, 40], atol=6)


def test_frames_are_written_losslessly_under_their_index(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    with _open(f"frames:{tmp_path}") as sink:
        sink.send(Frame(pixels, 42, 0.0))
    read = cv2.cvtColor(cv2.imread(str(tmp_path / "000042.png")), cv2.COLOR_BGR2RGB)
    assert np.array_equal(read, pixels)


def test_a_virtual_camera_shows_the_pixels_sent() -> None:
    before = FakeVirtualCamera.open
    with VirtualCameraSink(SIZE, RATE_HZ, backend="fake") as sink:
        assert FakeVirtualCamera.open == before + 1
        sink.send(plain_frame(level=77))
        assert sink.name == "virtualcam:fake"
    assert [picture.mean() for picture in FakeVirtualCamera.sent] == [77]
    assert FakeVirtualCamera.open == before


def test_a_missing_virtual_camera_is_refused_with_what_to_do() -> None:
    with pytest.raises(DeviceError, match="virtualcam:none: cannot be opened") as refusal:
        VirtualCameraSink(SIZE, RATE_HZ, device="none", backend="fake")
    assert refusal.value.hint


REFUSED = {
    "fax:": "unknown sink 'fax:'",
    "file:": "cannot be written",
    "file:/proc/nowhere/out.mp4": "/proc/nowhere/out.mp4: cannot be written",
    "file:out.xyz": "out.xyz: cannot be written (not a kind of video file)",
    "frames:/proc/nowhere": "/proc/nowhere: cannot be made a folder",
    "virtualcam:/dev/video98": "virtualcam:/dev/video98: cannot be opened",
}


@pytest.mark.skipif(sys.platform != "linux", reason="the paths are Linux's")
@pytest.mark.parametrize("address", REFUSED)
def test_a_sink_that_cannot_be_opened_is_refused(address: str) -> None:
    with pytest.raises(DeviceError) as refusal:
        _open(address)
    assert REFUSED[address] in refusal.value.message
    assert refusal.value.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full stands for a full disk")
def test_a_full_disk_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").symlink_to("/dev/full")
    with pytest.raises(DeviceError, match="cannot be written"):
        _record_noise(tmp_path / "out.mp4")


def _record_noise(path: Path) -> None:
    with _open(f"file:{path}") as sink:
        for index in range(200):
            noise = np.random.default_rng(index).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
            sink.send(Frame(noise, index, index / RATE_HZ))
