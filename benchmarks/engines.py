"""`engines`: every engine and precision here, each in a process of its own; `report` puts them in docs/engines.md."""

import argparse
from pathlib import Path

from benchmarks.engine_process import EngineFigures, measure_apart
from benchmarks.recorder import Recorder
from realtime.bundle import Bundle, open_bundle
from realtime.engines.automatic import candidates_for_all
from realtime.engines.base import graph_precision
from realtime.errors import EngineError, SettingsError
from realtime.manifest import GRAPH_NAMES, EnginePrecision
from realtime.settings import DEFAULT_BUNDLE

HELP = "every engine and precision: milliseconds, likeness to torch, file size, start, memory"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `engines`."""
    add = parser.add_argument
    add("bundle", type=Path, nargs="?", default=DEFAULT_BUNDLE, help="model bundle (default: portrait-s)")
    named = "these alone (default: all that are installed and need no compiling)"
    add("--engines", nargs="+", default=[], metavar="NAME", help=named)
    add("--threads", type=int, nargs="+", default=[1, 2], help="of the engine; one process each (default 1 2)")
    add("--seconds", type=float, default=5.0, help="of frames, per engine, precision and threads (default 5)")


def measure(options: argparse.Namespace, recorder: Recorder) -> None:
    """Adds `frame`, `psnr`, `keypoints`, `opened` and `memory` of each, and `size` of its graphs."""
    bundle = open_bundle(options.bundle)
    candidates = candidates_for_all(bundle, options.engines)
    unknown = set(options.engines) - {name for name, _ in candidates}
    if unknown:
        raise SettingsError(f"{sorted(unknown)[0]}: not installed here", hint="run_live.py doctor lists the engines")
    for name, precision in recorder.track(candidates, "Engines", len(candidates)):
        labels = {"engine": name, "precision": precision}
        for threads in options.threads:
            try:
                figures = measure_apart(options.bundle, name, precision, threads, options.seconds)
            except EngineError as error:
                recorder.note(error.message)
                break
            _record(figures, labels | {"threads": str(threads)}, recorder)
        else:
            recorder.add("size", "MB", _size_mb(bundle, precision), labels=labels)


def _record(figures: EngineFigures, labels: dict[str, str], recorder: Recorder) -> None:
    recorder.add("frame", "ms", *figures.frame_ms, labels=labels)
    recorder.add("psnr", "dB", figures.psnr_db, better="higher", labels=labels)
    recorder.add("keypoints", "px", figures.keypoint_px, labels=labels)
    recorder.add("opened", "s", figures.opened_s, labels=labels)
    recorder.add("memory", "MB", figures.memory_mb, labels=labels)
    if figures.shortfall:
        recorder.note(f"{labels['engine']} {labels['precision']}: {figures.shortfall}")


def _size_mb(bundle: Bundle, precision: EnginePrecision) -> float:
    return sum(bundle.graph_path(graph, graph_precision(precision)).stat().st_size for graph in GRAPH_NAMES) / 1e6
