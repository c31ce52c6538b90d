"""Which camera and which sinks, with what size and rate, where the user named none; says which and why."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from realtime.controls import CommandQueue
from realtime.demand import Demand
from realtime.devices.camera_list import list_cameras
from realtime.devices.camera_modes import CameraWish
from realtime.devices.cameras import Camera, open_live_camera
from realtime.devices.sinks import Sink, open_sink
from realtime.errors import DeviceError
from realtime.frames import Size

DEFAULT_RECORDING = "file:out/live.mp4"
VIRTUAL_CAMERA_SIZE = Size(1280, 720)  # the size every video call takes
RATE_BOUNDS_HZ = (10.0, 60.0)
DEFAULT_RATE_HZ = 30.0

log = logging.getLogger(__name__)


def open_sinks(
    addresses: Sequence[str], wished: Size | None, portrait: Size, rate_hz: float, commands: CommandQueue
) -> tuple[tuple[Sink, ...], Size]:
    """All sinks of a run, open for pictures of the size returned. Raises DeviceError if one cannot be opened.

    Without addresses: the virtual camera, else a window, else out/live.mp4. Without a wish for a size: what a call
    takes if there is a virtual camera, else the portrait's.
    """
    if not addresses:
        sink, size = _open_default_sink(wished, portrait, rate_hz, commands)
        return (sink,), size
    size = wished or _default_size(addresses, portrait)
    with ExitStack() as opened:
        sinks = [opened.enter_context(open_sink(place, size, rate_hz, commands)) for place in addresses]
        opened.pop_all()
    return tuple(sinks), size


def open_default_camera(clip: Path, wish: CameraWish, demand: Demand) -> Camera:
    """The first webcam that gives a picture, else the clip in real time. Raises DeviceError if there is neither."""
    for found in list_cameras():
        if found.virtual:
            continue
        try:
            camera = open_live_camera(found.address, wish, demand)
        except DeviceError as error:
            log.info("skipped %s", error.message)
            continue
        log.info("camera %s: the first webcam", camera.name)
        return camera
    log.info("no webcam found: playing the driving clip %s", clip)
    return open_live_camera(f"file:{clip}")


def output_rate(wished_hz: float | None, camera_hz: float) -> float:
    """Pictures to send per second: as wished, else as the camera gives them, where that is a rate a call takes."""
    if wished_hz is not None:
        return wished_hz
    return camera_hz if RATE_BOUNDS_HZ[0] <= camera_hz <= RATE_BOUNDS_HZ[1] else DEFAULT_RATE_HZ


def _default_size(addresses: Sequence[str], portrait: Size) -> Size:
    calls = any(address.startswith("virtualcam") for address in addresses)
    return VIRTUAL_CAMERA_SIZE if calls else portrait


def _open_default_sink(
    wished: Size | None, portrait: Size, rate_hz: float, commands: CommandQueue
) -> tuple[Sink, Size]:
    refusals = []
    for address in ("virtualcam:", "window:"):
        size = wished or _default_size([address], portrait)
        try:
            sink = open_sink(address, size, rate_hz, commands)
        except (DeviceError, ImportError) as error:
            refusals.append(error.message if isinstance(error, DeviceError) else f"{address} {error}")
            continue
        log.info("sink %s%s", sink.name, _because(refusals))
        return sink, size
    log.info("sink %s%s", DEFAULT_RECORDING, _because(refusals))
    return open_sink(DEFAULT_RECORDING, wished or portrait, rate_hz, commands), wished or portrait


def _because(refusals: list[str]) -> str:
    return "".join(f"; {refusal}" for refusal in refusals)
