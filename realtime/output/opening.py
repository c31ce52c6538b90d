"""Opens the whole output side as a user wishes it: sinks, canvas, machine, sender."""

from realtime.controls import CommandQueue
from realtime.demand import Demand
from realtime.devices.defaults import DEFAULT_RECORDING, open_sinks, output_rate
from realtime.frames import AnimatedFrame, Size
from realtime.output.canvas import Canvas
from realtime.output.machine import OutputMachine, Stamp
from realtime.output.sender import Sender
from realtime.portrait import read_portrait
from realtime.settings import Settings


def open_sender(
    settings: Settings,
    portrait: AnimatedFrame,
    camera_hz: float,
    commands: CommandQueue,
    demand: Demand,
    stamp: Stamp | None = None,
) -> Sender:
    """A sender that closes its sinks. Raises DeviceError for a sink, SourceError for the away picture."""
    away_picture = read_portrait(settings.away_picture) if settings.away_picture else None
    addresses = settings.sink or ((DEFAULT_RECORDING,) if settings.offline else ())
    rate_hz = camera_hz if settings.offline else output_rate(settings.output_rate, camera_hz)
    height, width = portrait.pixels.shape[:2]
    sinks, size = open_sinks(addresses, settings.output_size, Size(width, height), rate_hz, commands)
    machine = OutputMachine(Canvas(size, settings.badge, away_picture), portrait, stamp=stamp)
    return Sender(machine, sinks, rate_hz, settings.screenshots, demand=demand)
