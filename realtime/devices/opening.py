"""Opens the camera as a user wishes it, and watches whether anybody looks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from realtime.demand import Demand
from realtime.devices.camera_modes import CameraWish
from realtime.devices.cameras import Camera, open_live_camera, open_recorded_camera
from realtime.devices.defaults import open_default_camera
from realtime.devices.sinks import Sink
from realtime.settings import Settings


def open_camera(settings: Settings, clip: Path, demand: Demand) -> Camera:
    """The camera named, or the default; clip stands in where there is none. Raises DeviceError."""
    if settings.offline:
        return open_recorded_camera(settings.camera or f"file:{clip}")
    wish = CameraWish(settings.camera_size, settings.camera_rate, settings.camera_format)
    if settings.measure_latency and not settings.camera:
        return open_live_camera(f"file:{clip}")  # nothing can be drawn into a webcam's light
    if settings.camera:
        return open_live_camera(settings.camera, wish, demand)
    return open_default_camera(clip, wish, demand)


@contextmanager
def watching_readers(sinks: Sequence[Sink], demand: Demand, always_on: bool) -> Iterator[None]:
    """Within the body demand follows the readers of the virtual cameras; where they cannot be counted it stays on."""
    from realtime.devices.readers import ReaderWatch, watched_devices

    devices = [] if always_on else watched_devices(sinks)
    if not devices:
        yield
        return
    with ReaderWatch(devices, demand):
        yield
