"""Which camera and which sink, when the user named none; says which and why."""

import logging
from pathlib import Path

from realtime.controls import CommandQueue
from realtime.devices.cameras import Camera, open_live_camera
from realtime.devices.sinks import Sink, open_sink
from realtime.errors import DeviceError

DEFAULT_RECORDING = "file:out/live.mp4"

log = logging.getLogger(__name__)


def open_default_camera(clip: Path) -> Camera:
    """The first webcam that gives a picture, else the clip in real time. Raises DeviceError if there is neither."""
    from realtime.devices.webcam import Webcam, likely_places

    for place in likely_places():
        try:
            camera = Webcam(place)
        except DeviceError as error:
            log.info("skipped %s", error.message)
            continue
        log.info("camera %s: the first webcam", camera.name)
        return camera
    log.info("no webcam found: playing the driving clip %s", clip)
    return open_live_camera(f"file:{clip}")


def open_default_sink(size_px: int, rate_hz: float, commands: CommandQueue) -> Sink:
    """The virtual camera, else a window, else out/live.mp4. Raises DeviceError if none can be opened."""
    refusals = []
    for address in ("virtualcam:", "window:"):
        try:
            sink = open_sink(address, size_px, rate_hz, commands)
        except (DeviceError, ImportError) as error:
            refusals.append(error.message if isinstance(error, DeviceError) else f"{address} {error}")
            continue
        log.info("sink %s%s", sink.name, _because(refusals))
        return sink
    log.info("sink %s%s", DEFAULT_RECORDING, _because(refusals))
    return open_sink(DEFAULT_RECORDING, size_px, rate_hz, commands)


def _because(refusals: list[str]) -> str:
    return "".join(f"; {refusal}" for refusal in refusals)
