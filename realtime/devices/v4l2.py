"""What Linux says of its video devices: the Video4Linux2 calls that list them, and no more.

The kernel's own interface, since the libraries around it are under licences this project cannot take.
"""

import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from realtime.devices.camera_modes import CameraMode
from realtime.frames import Size

LOOPBACK_DRIVER = "v4l2 loopback"
CLASS_FOLDER = Path("/sys/class/video4linux")
_CAPTURE, _OUTPUT = 0x1, 0x2  # V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_OUTPUT
_CAPTURE_BUFFER = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
_DISCRETE = 1  # V4L2_FRMSIZE_TYPE_DISCRETE and V4L2_FRMIVAL_TYPE_DISCRETE
_CAPABILITY = struct.Struct("16s 32s 32s 3I 12x")
_FORMAT = struct.Struct("3I 32s I 16x")
_FRAME_SIZE = struct.Struct("3I 6I 8x")
_FRAME_INTERVAL = struct.Struct("5I 6I 8x")
_QUERY_CAPABILITY, _ENUM_FORMAT, _ENUM_FRAME_SIZE, _ENUM_FRAME_INTERVAL = 0x80685600, 0xC0405602, 0xC02C564A, 0xC034564B
USUAL_SIZES = tuple(Size(*size) for size in ((640, 480), (640, 360), (1280, 720), (1920, 1080)))  # of a range of sizes
USUAL_RATES_HZ = (60.0, 30.0, 15.0)  # of a range of rates
MOST_ENTRIES = 64  # of any list: a driver that never ends one is cut short


@dataclass(frozen=True, slots=True)
class VideoNode:
    """A /dev/video* that can be asked. serves: whether it takes pictures (a virtual camera) instead of giving them."""

    path: str
    name: str
    driver: str
    bus: str
    captures: bool
    serves: bool
    modes: tuple[CameraMode, ...]


def video_nodes() -> list[VideoNode]:
    """Every video device that this user may open, by number. Asking starts no stream, so no camera's light goes on."""
    names = (path.name for path in CLASS_FOLDER.glob("video*"))
    paths = [f"/dev/{name}" for name in sorted(names, key=lambda name: (len(name), name))]
    return [node for path in paths if (node := read_node(path)) is not None]


def read_node(path: str) -> VideoNode | None:
    """What path says of itself; None where it cannot be opened or is no video device."""
    try:
        device = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        driver, card, bus, _version, capabilities, own = _CAPABILITY.unpack(
            _asked(device, _QUERY_CAPABILITY, _CAPABILITY)
        )
        ability = own or capabilities
        captures = bool(ability & _CAPTURE)
        modes = tuple(_modes(device)) if captures else ()
        return VideoNode(path, _text(card), _text(driver), _text(bus), captures, bool(ability & _OUTPUT), modes)
    except OSError:
        return None
    finally:
        os.close(device)


def _modes(device: int) -> Iterator[CameraMode]:
    for pixel_format, fourcc in _formats(device):
        for size in _sizes(device, pixel_format):
            for rate_hz in _rates(device, pixel_format, size):
                yield CameraMode(fourcc, size, rate_hz)


def _formats(device: int) -> Iterator[tuple[int, str]]:
    for answer in _listed(device, _ENUM_FORMAT, _FORMAT, lambda index: (index, _CAPTURE_BUFFER, 0, b"", 0)):
        yield answer[4], answer[4].to_bytes(4, "little").decode("ascii", "replace")


def _sizes(device: int, pixel_format: int) -> Iterator[Size]:
    for answer in _listed(device, _ENUM_FRAME_SIZE, _FRAME_SIZE, lambda index: (index, pixel_format, 0, *[0] * 6)):
        if answer[2] == _DISCRETE:
            yield Size(answer[3], answer[4])
            continue
        narrowest, widest, _, lowest, highest, _ = answer[3:9]
        for size in USUAL_SIZES:
            if narrowest <= size.width_px <= widest and lowest <= size.height_px <= highest:
                yield size
        return


def _rates(device: int, pixel_format: int, size: Size) -> Iterator[float]:
    asked = (pixel_format, size.width_px, size.height_px, 0, *[0] * 6)
    for answer in _listed(device, _ENUM_FRAME_INTERVAL, _FRAME_INTERVAL, lambda index: (index, *asked)):
        shortest, longest = answer[5:7], answer[7:9]  # as seconds and parts of them; of a discrete one only the first
        if answer[4] == _DISCRETE:
            yield shortest[1] / max(1, shortest[0])
            continue
        fastest_hz, slowest_hz = shortest[1] / max(1, shortest[0]), longest[1] / max(1, longest[0])
        yield from (rate_hz for rate_hz in USUAL_RATES_HZ if slowest_hz <= rate_hz <= fastest_hz)
        return


def _listed(
    device: int, request: int, form: struct.Struct, question: Callable[[int], tuple]
) -> Iterator[tuple[int, ...]]:
    """The entries of one of the driver's lists, until it has no more; question gives the fields of one request."""
    for index in range(MOST_ENTRIES):
        try:
            yield form.unpack(_asked(device, request, form, form.pack(*question(index))))
        except OSError:
            return


def _asked(device: int, request: int, form: struct.Struct, question: bytes = b"") -> bytes:
    answer = bytearray(question.ljust(form.size, b"\0"))
    fcntl.ioctl(device, request, answer, True)
    return bytes(answer)


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace").strip()
