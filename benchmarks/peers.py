"""`peers`: ours against others, in turns, so that whatever else the machine does weighs on all alike.

The first is always the paper's network as its authors run it: in eager torch, the source encoded anew for every frame.
Other programs are timed as whole processes, from file to file, beside ours.
"""

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import torch

from benchmarks.contestants import OneFrame, bundle_frame, paper_frames
from benchmarks.preset_bundle import write_untrained_bundle
from benchmarks.recorder import Recorder
from benchmarks.rig import DEFAULT_ENGINE, EngineOpener
from benchmarks.whole_process import Program, parse_program, this_program
from models import PRESETS
from realtime.engines.catalogue import open_engine
from realtime.errors import SettingsError
from realtime.settings import DEFAULT_CLIP, DEFAULT_SOURCE, SHIPPED_BUNDLES

HELP = "ours against the paper's network and other programs, in turns"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `peers`."""
    add = parser.add_argument
    add("bundles", type=Path, nargs="*", default=SHIPPED_BUNDLES, help="model bundles (default: those that ship)")
    add("--engines", nargs="+", default=[DEFAULT_ENGINE], help=f"for every bundle (default {DEFAULT_ENGINE})")
    add("--presets", nargs="+", default=[], help="presets too, untrained: " + ", ".join(_live_presets()))
    add("--threads", type=int, default=1, help="of every runtime (default 1)")
    add("--rounds", type=int, default=20, help="frames of each (default 20)")
    add("--warm-up", type=int, default=2, help="rounds before those, left out (default 2)")
    add("--peer", action="append", default=[], metavar="NAME=COMMAND", help="another program; see the documentation")
    add("--clip-rounds", type=int, default=3, help="runs of each program, where --peer is given (default 3)")
    add("--source", type=Path, default=DEFAULT_SOURCE, help="portrait for the programs")
    add("--driving", type=Path, default=DEFAULT_CLIP, help="driving clip for the programs")


def measure(options: argparse.Namespace, recorder: Recorder, opener: EngineOpener = open_engine) -> None:
    """Adds `frame` for every contestant and `clip` for every program, each in rounds of turns."""
    programs = [parse_program(text) for text in options.peer]
    unknown = [name for name in options.presets if name not in _live_presets()]
    if unknown:
        raise SettingsError(f"unknown preset {unknown[0]!r}", hint=f"choose from: {', '.join(_live_presets())}")
    torch.set_num_threads(options.threads)
    with ExitStack() as opened:
        contestants = dict(paper_frames())
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        titled = {bundle.name: bundle for bundle in options.bundles} | _untrained(options.presets, folder, recorder)
        for title, bundle in titled.items():
            for engine in options.engines:
                frame = bundle_frame(bundle, engine, options.threads, opened, opener)
                contestants[f"{title} on {engine}"] = frame
        _time_frames(contestants, options, recorder)
    if programs:
        ours = this_program(options.bundles[0], options.engines[0])
        _time_programs([ours, *programs], options, recorder)


def _time_frames(contestants: dict[str, OneFrame], options: argparse.Namespace, recorder: Recorder) -> None:
    for _ in range(options.warm_up):
        for frame in contestants.values():
            frame()
    for _ in recorder.track(range(options.rounds), "Frames in turns"):
        for name, frame in contestants.items():
            started_s = time.perf_counter()
            frame()
            spent_ms = 1000 * (time.perf_counter() - started_s)
            labels = {"what": name, "threads": str(options.threads)}
            recorder.add("frame", "ms", spent_ms, rounds="frames", labels=labels)


def _time_programs(programs: list[Program], options: argparse.Namespace, recorder: Recorder) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.mp4"
        for _ in recorder.track(range(options.clip_rounds), "Programs in turns"):
            for program in programs:
                spent_s = program.seconds(options.source, options.driving, result)
                recorder.add("clip", "s", spent_s, rounds="clips", labels={"what": program.name})


def _untrained(presets: list[str], folder: Path, recorder: Recorder) -> dict[str, Path]:
    """A bundle of random weights for each preset, by what the table calls it."""
    return {
        f"{name}, untrained,": write_untrained_bundle(PRESETS[name], name, folder)
        for name in recorder.track(presets, "Exporting", len(presets))
    }


def _live_presets() -> list[str]:
    return [name for name in PRESETS if name.startswith("live-")]
