"""Opens the whole output side as a user wishes it: sinks, canvas, machine, sender."""

from functools import partial

from realtime.controls import CommandQueue
from realtime.demand import Demand
from realtime.devices.defaults import DEFAULT_RECORDING, open_sinks, output_rate
from realtime.figures.hud import hud_lines
from realtime.frames import AnimatedFrame
from realtime.output.canvas import Canvas, natural_size
from realtime.output.figures_panel import FiguresPanel
from realtime.output.machine import OutputMachine, OutputTimes, Stamp
from realtime.output.screenshots import require_folder
from realtime.output.sender import Sender
from realtime.portraits.background import wished_background
from realtime.portraits.portrait import read_portrait
from realtime.settings import Settings


def open_sender(
    settings: Settings,
    portrait: AnimatedFrame,
    camera_hz: float,
    commands: CommandQueue,
    demand: Demand,
    stamp: Stamp | None = None,
) -> Sender:
    """A sender that closes its sinks.

    Raises DeviceError for a sink or the screenshots' folder, SourceError for away picture or background.
    """
    require_folder(settings.screenshots)
    away_picture = read_portrait(settings.away_picture) if settings.away_picture else None
    addresses = settings.sink or ((DEFAULT_RECORDING,) if settings.offline else ())
    rate_hz = camera_hz if settings.offline else output_rate(settings.output_rate, camera_hz)
    background = wished_background(settings.background)
    sinks, size = open_sinks(addresses, settings.output_size, natural_size(portrait), rate_hz, commands)
    canvas = Canvas(size, settings.badge, away_picture, background)
    panel = FiguresPanel(partial(hud_lines, commands.dashboard), settings.hud_output)
    machine = OutputMachine(canvas, portrait, OutputTimes(switch_s=settings.fade), stamp, panel)
    return Sender(machine, sinks, rate_hz, settings.screenshots, demand=demand)
