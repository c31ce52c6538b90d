"""`glass`: glass to glass. A stripe in the camera's picture tells its birth, and is read where the picture comes out.

Read at the sink, and behind it where the sink is a virtual camera that can be opened again: there a second camera of
our own sits where a call app would.
"""

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.recorder import Recorder
from benchmarks.rig import EngineOpener, add_rig_flags, open_rig, rig_settings
from realtime.controls import CommandQueue
from realtime.devices.cameras import open_live_camera
from realtime.engines.catalogue import open_engine
from realtime.errors import DeviceError
from realtime.figures.latency import StripeMeter
from realtime.loop import LiveLoop, LoopLimits

HELP = "glass to glass: the age of coded pictures at the sink, and behind a virtual camera"
READER_ENDS_S = 5.0
AT_SINK, BEHIND = "at the sink", "behind the virtual camera"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `glass`."""
    add_rig_flags(parser)
    parser.add_argument("--threads", type=int, help="of the inference runtime (default its own choice)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long (default 10)")
    parser.add_argument("--warm-up", type=float, default=2.0, help="seconds before those, left out (default 2)")


def measure(options: argparse.Namespace, recorder: Recorder, opener: EngineOpener = open_engine) -> None:
    """Adds `glass_to_glass` at the sink, and behind it where something can read there; `unread` pictures of each."""
    settings, meters = rig_settings(options, options.threads), {AT_SINK: StripeMeter()}
    total_s = options.warm_up + options.seconds
    with ExitStack() as opened:
        rig = opened.enter_context(open_rig(settings, realtime=True, opener=opener, meter=meters[AT_SINK]))
        device = next((sink.reader_device for sink in rig.sender.sinks if sink.reader_device), None)
        if device is None:
            recorder.note(f"behind the sink: {', '.join(settings.sinks)} cannot be read back on this system")
        else:
            meters[BEHIND] = opened.enter_context(_reading(device))
        loop = LiveLoop(rig.camera, rig.animator, rig.sender, CommandQueue(), LoopLimits(total_s))
        started_s = time.monotonic()
        with recorder.bar("Glass to glass", total_s) as advance:
            try:
                loop.run(lambda _report: advance(time.monotonic() - started_s))
            finally:
                for where, meter in meters.items():
                    _record(where, meter, started_s + options.warm_up, recorder)
    ages_ms = [times.age_ms for times in rig.trace.delivered if times.sent_s >= started_s + options.warm_up]
    recorder.add("age_by_the_trace", "ms", *ages_ms, better=None)


def _record(where: str, meter: StripeMeter, since_s: float, recorder: Recorder) -> None:
    recorder.add("glass_to_glass", "ms", *meter.ages_ms(since_s), labels={"where": where})
    recorder.add("unread", "count", meter.unread, better=None, labels={"where": where})


@contextmanager
def _reading(device: str) -> Iterator[StripeMeter]:
    """Looks at a virtual camera as a call app does, on a thread of its own, while the body runs."""
    meter, failures = StripeMeter(), list[DeviceError]()
    camera = open_live_camera(f"webcam:{device}")

    def look() -> None:
        try:
            for frame in camera.frames():
                meter.see(frame.pixels, time.monotonic())
        except DeviceError as error:
            failures.append(error)

    reader = threading.Thread(target=look, name="glass-reader", daemon=True)
    reader.start()
    try:
        yield meter
    finally:
        camera.stop()
        reader.join(READER_ENDS_S)
        camera.close()
    if failures and not meter.sightings:
        raise failures[0]
