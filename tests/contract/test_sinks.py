"""What every sink must do. A new sink joins by a line in SINKS."""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pygame
import pytest
import pyvirtualcam

from realtime.controls import Command, CommandQueue
from realtime.devices.sinks import NullSink, Sink, open_sink
from realtime.devices.virtual_camera import VirtualCameraSink
from realtime.errors import DeviceError
from realtime.frames import Size
from tests.fakes import FakeVirtualCamera, RecordingSink, picture_of, plain_picture
from tests.recordings import recorded_frames, saved_picture

SIZE, RATE_HZ = 64, 25.0
SQUARE = Size(SIZE, SIZE)


def _open(address: str) -> Sink:
    return open_sink(address, SQUARE, RATE_HZ, CommandQueue())


SINKS: dict[str, Callable[[Path], Sink]] = {
    "recording": lambda _folder: RecordingSink(),
    "null": lambda _folder: NullSink(),
    "file": lambda folder: _open(f"file:{folder / 'video.mp4'}"),
    "frames": lambda folder: _open(f"frames:{folder / 'frames'}"),
    "virtual camera": lambda _folder: VirtualCameraSink(SQUARE, RATE_HZ, backend="fake"),
    "window": lambda _folder: _open("window:"),
}


@pytest.fixture(autouse=True)
def _virtual_camera_needs_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pyvirtualcam.camera.BACKENDS, "fake", FakeVirtualCamera)


@pytest.fixture(autouse=True)
def _window_needs_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    if not os.environ.get("DISPLAY"):
        monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


@pytest.fixture(params=SINKS)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sink]:
    with SINKS[request.param](tmp_path) as opened:
        yield opened


def test_it_has_a_name(sink: Sink) -> None:
    assert ":" in sink.name


def test_it_takes_frames_and_leaves_them_unchanged(sink: Sink) -> None:
    for index in range(3):
        frame = plain_picture(index, level=10 * index)
        sink.send(frame)
        assert (frame.pixels == 10 * index).all()


def test_closing_twice_closes_nothing_else(sink: Sink, tmp_path: Path) -> None:
    sink.send(plain_picture())
    sink.close()
    with (tmp_path / "other").open("w") as other:  # takes the number of a file that the sink had open
        sink.close()
        other.write("still open")
    assert (tmp_path / "other").read_text() == "still open"


def test_closing_unused_is_safe(sink: Sink) -> None:
    sink.close()
    assert sink.name


def test_a_video_is_h264_with_the_times_and_pictures_sent(tmp_path: Path) -> None:
    times_s = [100.0, 100.04, 100.2, 100.21]
    with _open(f"file:{tmp_path / 'new' / 'out.mp4'}") as sink:
        for index, at_s in enumerate(times_s):
            sink.send(plain_picture(index, level=60 * index, shown_at=at_s))
    frames = recorded_frames(tmp_path / "new" / "out.mp4")
    assert [frame.captured_at for frame in frames] == pytest.approx([0, 0.04, 0.2, 0.21], abs=1e-3)
    assert [frame.pixels.mean() for frame in frames] == pytest.approx([0, 60, 120, 180], abs=4)
    with av.open(str(tmp_path / "new" / "out.mp4")) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")


def test_a_recording_keeps_a_clips_rate(tmp_path: Path) -> None:
    with _open(f"file:{tmp_path / 'out.mp4'}") as sink:
        for index in range(50):
            sink.send(plain_picture(index, shown_at=index / RATE_HZ))
    assert len(recorded_frames(tmp_path / "out.mp4")) == 50
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(25)


def test_two_frames_of_one_instant_are_both_kept(tmp_path: Path) -> None:
    with _open(f"file:{tmp_path / 'out.mp4'}") as sink:
        for index in range(2):
            sink.send(plain_picture(index, shown_at=5.0))
    first, second = (frame.captured_at for frame in recorded_frames(tmp_path / "out.mp4"))
    assert first < second


def test_colours_reach_the_video(tmp_path: Path) -> None:
    red = np.full((SIZE, SIZE, 3), (200, 30, 40), np.uint8)
    with _open(f"file:{tmp_path / 'out.mp4'}") as sink:
        sink.send(picture_of(red))
    (frame,) = recorded_frames(tmp_path / "out.mp4")
    np.testing.assert_allclose(frame.pixels.mean(axis=(0, 1)), [200, 30, 40], atol=6)


def test_frames_are_written_losslessly_under_their_index(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    with _open(f"frames:{tmp_path}") as sink:
        sink.send(picture_of(pixels, 42))
    assert np.array_equal(saved_picture(tmp_path / "000042.png"), pixels)


def test_a_virtual_camera_shows_the_pixels_sent() -> None:
    before = FakeVirtualCamera.open
    with VirtualCameraSink(SQUARE, RATE_HZ, backend="fake") as sink:
        assert FakeVirtualCamera.open == before + 1
        sink.send(plain_picture(level=77))
        assert sink.name == "virtualcam:fake"
    assert [picture.mean() for picture in FakeVirtualCamera.sent] == [77]
    assert FakeVirtualCamera.open == before


def test_a_window_shows_the_picture_enlarged() -> None:
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels[:, SIZE // 2 :] = (250, 10, 20)
    with _open("window:") as sink:
        sink.send(picture_of(pixels))
        screen = pygame.display.get_surface()
        assert screen is not None
        width, height = screen.get_size()
        assert width == height >= 512
        assert screen.get_at((width - 20, 20))[:3] == (250, 10, 20)
        assert screen.get_at((20, height - 20))[:3] == (0, 0, 0)


Event = tuple[int, dict[str, Any]]
DOWN, TEXT = pygame.KEYDOWN, pygame.TEXTINPUT
ZOOM_IN = Command("zoom", "+")
# What happens before one picture, before the next, and so on; and what comes of it.
PRESSES: dict[str, tuple[list[list[Event]], list[Command]]] = {
    "q": ([[(DOWN, {"key": pygame.K_q}), (TEXT, {"text": "q"})]], [Command.QUIT]),
    "escape": ([[(DOWN, {"key": pygame.K_ESCAPE})]], [Command.QUIT]),
    "space": ([[(DOWN, {"key": pygame.K_SPACE}), (TEXT, {"text": " "})]], [Command("freeze")]),
    "a capital letter": ([[(DOWN, {"key": pygame.K_x}), (TEXT, {"text": "X"})]], [Command.CALIBRATE]),
    "a digit of the keypad": ([[(DOWN, {"key": pygame.K_KP2}), (TEXT, {"text": "2"})]], [Command("portrait", "2")]),
    "a question mark": (
        [[(DOWN, {"key": pygame.K_LSHIFT}), (DOWN, {"key": pygame.K_SLASH}), (TEXT, {"text": "?"})]],
        [Command("help")],
    ),
    "a question mark whose character comes later": (
        [[(DOWN, {"key": pygame.K_SLASH}), (pygame.KEYUP, {"key": pygame.K_SLASH})], [(TEXT, {"text": "?"})]],
        [Command("help")],
    ),
    "two keys whose characters come later": (
        [[(DOWN, {"key": pygame.K_w}), (DOWN, {"key": pygame.K_x})], [(TEXT, {"text": "w"}), (TEXT, {"text": "x"})]],
        [ZOOM_IN, Command.CALIBRATE],
    ),
    "a key that is held": ([[(DOWN, {"key": pygame.K_w}), *([(TEXT, {"text": "w"})] * 5)]], [ZOOM_IN]),
    "the wheel": ([[(pygame.MOUSEWHEEL, {"y": 1})]], [ZOOM_IN]),
    "dragging": (
        [[(pygame.MOUSEMOTION, {"rel": (64, -32), "buttons": (1, 0, 0)})]],
        [Command("pan", "-0.1250 0.0625")],
    ),
    "a dropped file": ([[(pygame.DROPFILE, {"file": "/me.jpg"})]], [Command("portrait", "/me.jpg")]),
    "closing the window": ([[(pygame.QUIT, {})]], [Command.QUIT]),
    "a key without a meaning": ([[(DOWN, {"key": pygame.K_F12})]], []),
}


@pytest.mark.parametrize("press", PRESSES)
def test_keys_in_the_window_become_commands(press: str) -> None:
    pictures, expected = PRESSES[press]
    posted: list[Command] = []

    class Noting(CommandQueue):
        def post(self, command: Command) -> Future[str]:
            posted.append(command)
            return super().post(command)

    with open_sink("window:", SQUARE, RATE_HZ, Noting()) as sink:
        sink.send(plain_picture())
        for index, events in enumerate(pictures, start=1):
            for kind, details in events:
                pygame.event.post(pygame.event.Event(kind, details))
            sink.send(plain_picture(index))
    assert posted == expected


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_a_window_without_a_desktop_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DeviceError, match="there is no display"):
        _open("window:")


def test_a_window_on_a_display_that_does_not_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    monkeypatch.setenv("DISPLAY", ":98")
    with pytest.raises(DeviceError, match="window: cannot be opened") as refusal:
        _open("window:")
    assert "libx11-6" in refusal.value.hint


def test_a_missing_virtual_camera_is_refused_with_what_to_do() -> None:
    with pytest.raises(DeviceError, match="virtualcam:none cannot be opened") as refusal:
        VirtualCameraSink(SQUARE, RATE_HZ, device="none", backend="fake")
    assert refusal.value.hint


REFUSED = {
    "fax:": "unknown sink 'fax:'",
    "file:": "cannot be written",
    "file:/proc/nowhere/out.mp4": "/proc/nowhere/out.mp4: cannot be written",
    "file:out.xyz": "out.xyz: cannot be written (not a kind of video file)",
    "frames:/proc/nowhere": "/proc/nowhere: cannot be made a folder",
    "virtualcam:/dev/video98": "virtualcam:/dev/video98 cannot be opened",
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
            sink.send(picture_of(noise, index, index / RATE_HZ))
