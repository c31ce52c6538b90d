"""The product, put together for measuring: its own camera, animator and sink, each with a clock around it."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.injection import INJECTABLE, Delay, DelayedCamera, DelayedSink, DelayedStopwatch, parse_delay
from benchmarks.repeated_clip import RepeatedClip
from benchmarks.tracing import DecodeClock, Trace, TracedAnimator, TracedCamera, TracedMachine, TracedSink
from realtime.animator import AnimatorOptions
from realtime.bundle import Bundle, open_bundle
from realtime.controls import CommandQueue
from realtime.devices.cameras import Camera, open_live_camera
from realtime.devices.defaults import open_sinks, output_rate
from realtime.devices.pacing import PacedCamera
from realtime.devices.sinks import SINK_KINDS, Sink
from realtime.engines.base import Engine
from realtime.engines.catalogue import open_engine
from realtime.faces.detector import FaceDetector
from realtime.figures.latency import StripeCarrier, StripeMeter, StripePainter, StripeReadingSink
from realtime.frames import Pixels, Size
from realtime.output.canvas import Canvas
from realtime.output.machine import Stamp
from realtime.output.sender import Sender
from realtime.portraits.portrait import read_portrait
from realtime.settings import DEFAULT_BUNDLE, DEFAULT_CLIP, DEFAULT_SOURCE
from realtime.timing import Stopwatch

DEFAULT_ENGINE = "onnx-cpu"

EngineOpener = Callable[[str, Bundle, int | None], Engine]

# Finer than the networks' pictures, as most are: what a frame takes holds what its own detail does.
PORTRAIT = DEFAULT_SOURCE.with_name("juno.jpg")


@dataclass(frozen=True, slots=True)
class RigSettings:
    """What is put together. threads: of the engine, None for its own choice; delay: injected on purpose."""

    bundle: Path
    source: Path
    camera: str
    sinks: tuple[str, ...]
    engine: str
    threads: int | None
    crop: str
    delay: Delay | None


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """The parts, open, and the trace they write."""

    bundle: Bundle
    engine: Engine
    camera: Camera
    animator: TracedAnimator
    sender: Sender
    portrait: Pixels
    trace: Trace


def add_rig_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that choose the parts; `rig_settings` reads them."""
    add = parser.add_argument
    add("bundle", type=Path, nargs="?", default=DEFAULT_BUNDLE, help="model bundle (default: portrait-s)")
    add("--source", type=Path, default=PORTRAIT, metavar="PICTURE", help="portrait")
    add(
        "--camera",
        default=f"file:{DEFAULT_CLIP}",
        help="file:clip.mp4 or synthetic:, over and over; live also webcam:0",
    )
    add("--sink", nargs="+", default=["null:"], help=f"{SINK_KINDS}; ages are taken at the first (default null:)")
    add("--engine", default=DEFAULT_ENGINE, help=f"inference runtime (default {DEFAULT_ENGINE})")
    add("--crop", choices=("auto", "none"), default="auto", help="find the faces, or use the centre squares")
    add("--inject", metavar="STAGE=MS", help=f"sleep in one stage, to test the ruler: {', '.join(INJECTABLE)}")


def rig_settings(options: argparse.Namespace, threads: int | None) -> RigSettings:
    """What the flags choose, with so many threads for the engine. Raises SettingsError."""
    return RigSettings(
        options.bundle,
        options.source,
        options.camera,
        tuple(options.sink),
        options.engine,
        threads,
        options.crop,
        parse_delay(options.inject) if options.inject else None,
    )


@contextmanager
def open_rig(
    settings: RigSettings,
    realtime: bool,
    opener: EngineOpener = open_engine,
    keep: int | None = None,
    meter: StripeMeter | None = None,
) -> Iterator[Rig]:
    """The parts, opened and closed together. realtime: frames come when they are due, else as fast as taken.

    keep: how many frames the trace remembers, None for all. meter: reads the stripes of pictures at the first sink,
    painted into a recording's and filmed by a webcam.
    """
    bundle, portrait, trace = open_bundle(settings.bundle), read_portrait(settings.source), Trace(keep)
    with ExitStack() as opened:
        engine = opened.enter_context(opener(settings.engine, bundle, settings.threads))
        detector = FaceDetector() if settings.crop == "auto" else None
        stopwatch = DelayedStopwatch(settings.delay) if settings.delay else Stopwatch()
        options = AnimatorOptions(background=realtime)  # a live run looks for faces off the way of a frame
        animator = opened.enter_context(TracedAnimator(engine, bundle, options, detector, stopwatch, trace))
        animator.set_source(portrait)
        camera, stamp = _traced_camera(settings, trace, realtime, meter is not None)
        opened.enter_context(camera)
        sender = opened.enter_context(_traced_sender(settings, animator, camera.rate_hz, trace, stamp, meter))
        yield Rig(bundle, engine, camera, animator, sender, portrait, trace)


def _traced_camera(
    settings: RigSettings, trace: Trace, realtime: bool, striped: bool
) -> tuple[TracedCamera, Stamp | None]:
    camera: Camera
    clock = None
    if realtime and settings.camera.startswith("webcam"):
        camera = open_live_camera(settings.camera)
    else:
        recorded: Camera = RepeatedClip(settings.camera)
        if settings.delay and settings.delay.stage == "decode":
            recorded = DelayedCamera(recorded, settings.delay)
        clock = DecodeClock(recorded)
        camera = PacedCamera(clock) if realtime else clock
        camera = StripePainter(camera) if striped else camera
    if not striped:
        return TracedCamera(camera, trace, clock, offline=not realtime), None
    carrier = StripeCarrier(camera)
    return TracedCamera(carrier, trace, clock, offline=not realtime), carrier.stamp


def _traced_sender(
    settings: RigSettings,
    animator: TracedAnimator,
    rate_hz: float,
    trace: Trace,
    stamp: Stamp | None,
    meter: StripeMeter | None,
) -> Sender:
    """As realtime/output/opening.py puts it together, with clocks."""
    resting = animator.at_rest()
    height, width = resting.pixels.shape[:2]
    sinks, size = open_sinks(settings.sinks, None, Size(width, height), rate_hz, CommandQueue())
    first: Sink = sinks[0]
    if settings.delay and settings.delay.stage == "send":
        first = DelayedSink(first, settings.delay)
    if meter:
        first = StripeReadingSink(first, meter)
    machine = TracedMachine(Canvas(size), resting, stamp=stamp)
    machine.trace = trace
    return Sender(machine, (TracedSink(first, trace), *sinks[1:]), output_rate(None, rate_hz))
