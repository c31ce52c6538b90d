"""`scale`: how cost grows with the picture's size, with portraits kept, animators side by side, and sinks."""

import argparse
import dataclasses
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.animators import record_animators
from benchmarks.contestants import bundle_frame
from benchmarks.live import record_run
from benchmarks.portraits import record_portraits
from benchmarks.preset_bundle import write_untrained_bundle
from benchmarks.recorder import Recorder
from benchmarks.rig import DEFAULT_ENGINE, EngineOpener, RigSettings
from models import PRESETS
from realtime.engines.catalogue import open_engine
from realtime.settings import DEFAULT_BUNDLE, DEFAULT_CLIP, DEFAULT_SOURCE

HELP = "how cost grows: picture size, portraits kept, animators in one process, sinks"
WHATS = ("size", "portraits", "animators", "sinks")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `scale`."""
    add = parser.add_argument
    add("bundle", type=Path, nargs="?", default=DEFAULT_BUNDLE, help="model bundle (default: portrait-s)")
    add("--what", nargs="+", choices=WHATS, default=list(WHATS), help="(default all)")
    add("--engine", default=DEFAULT_ENGINE, help=f"inference runtime (default {DEFAULT_ENGINE})")
    add("--threads", type=int, default=1, help="of the inference runtime (default 1)")
    add("--preset", choices=[name for name in PRESETS if name.startswith("live-")], default="live-s", help="for sizes")
    add("--sizes", nargs="+", type=int, default=[128, 256, 384, 512], help="of the picture (default 128 256 384 512)")
    add("--rounds", type=int, default=20, help="frames of each size, in turns (default 20)")
    add("--portraits", nargs="+", type=int, default=[1, 4, 16, 64], help="kept at once (default 1 4 16 64)")
    add("--animators", nargs="+", type=int, default=[1, 2, 4, 8], help="in one process (default 1 2 4 8)")
    add("--sinks", nargs="+", type=int, default=[1, 2, 4], help="video files written at once (default 1 2 4)")
    add("--seconds", type=float, default=4.0, help="of each run of animators and sinks (default 4)")


def measure(options: argparse.Namespace, recorder: Recorder, opener: EngineOpener = open_engine) -> None:
    """Adds `frame` by size, `kept_memory` by portraits, `animated_rate` by animators, `live`'s series by sinks."""
    if "size" in options.what:
        _record_sizes(options, recorder, opener)
    if "portraits" in options.what:
        record_portraits(options.bundle, options.engine, options.threads, options.portraits, recorder, opener)
    if "animators" in options.what:
        record_animators(options.bundle, options.engine, options.animators, options.seconds, recorder, opener)
    if "sinks" in options.what:
        _record_sinks(options, recorder, opener)


def _record_sizes(options: argparse.Namespace, recorder: Recorder, opener: EngineOpener) -> None:
    """One frame of the preset at each size, in turns. The networks of keypoints and motion keep their own size."""
    recorder.note(f"sizes: {options.preset} with random weights, for time alone")
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        frames = {}
        for size in recorder.track(options.sizes, "Exporting", len(options.sizes)):
            config = dataclasses.replace(PRESETS[options.preset], image_size=size)
            bundle = write_untrained_bundle(config, f"{options.preset}-{size}", folder)
            frames[size] = bundle_frame(bundle, options.engine, options.threads, opened, opener)
            frames[size]()
        for _ in recorder.track(range(options.rounds), "Frames in turns"):
            for size, frame in frames.items():
                started_s = time.perf_counter()
                frame()
                spent_ms = 1000 * (time.perf_counter() - started_s)
                recorder.add("frame", "ms", spent_ms, rounds="sizes", labels={"size": str(size)})


def _record_sinks(options: argparse.Namespace, recorder: Recorder, opener: EngineOpener) -> None:
    for count in recorder.track(options.sinks, "Sinks", len(options.sinks)):
        with tempfile.TemporaryDirectory() as folder:
            sinks = tuple(f"file:{folder}/{number}.mp4" for number in range(count))
            settings = RigSettings(
                options.bundle,
                DEFAULT_SOURCE,
                f"file:{DEFAULT_CLIP}",
                sinks,
                options.engine,
                options.threads,
                crop="none",
                delay=None,
            )
            record_run(settings, 1.0, options.seconds, {"sinks": str(count)}, recorder, opener)
