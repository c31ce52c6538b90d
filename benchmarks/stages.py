"""`stages`: every step of a frame for itself, one frame after the other, nothing dropped and nothing waited for."""

import argparse
import time
from itertools import islice

from benchmarks.graph_cost import multiply_adds
from benchmarks.recorder import Better, Recorder
from benchmarks.rig import EngineOpener, Rig, add_rig_flags, open_rig, rig_settings
from benchmarks.tracing import FrameTimes
from benchmarks.yardstick import peak_gmacs
from realtime.engines.catalogue import open_engine
from realtime.manifest import GraphName

HELP = "each graph and each host step of a frame"
PORTRAITS = 5
# Which stage runs which graph.
GRAPH_STAGES: dict[str, GraphName] = {"keypoints": "detect_keypoints", "animate": "animate"}


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `stages`."""
    add_rig_flags(parser)
    parser.add_argument("--threads", type=int, default=1, help="threads of the inference runtime (default 1)")
    parser.add_argument("--frames", type=int, default=200, help="frames measured (default 200)")
    parser.add_argument("--warm-up", type=int, default=20, help="frames before those, kept apart (default 20)")


def measure(options: argparse.Namespace, recorder: Recorder, opener: EngineOpener = open_engine) -> None:
    """Adds the series `portrait`, `stage`, `frame`, `explained`, `graph`, `peak` and `share_of_peak`."""
    settings = rig_settings(options, options.threads)
    with open_rig(settings, realtime=False, opener=opener, keep=1) as rig:
        for _ in range(PORTRAITS):
            started_s = time.perf_counter()
            rig.animator.set_source(rig.portrait)
            recorder.add("portrait", "ms", 1000 * (time.perf_counter() - started_s))
        steady = _run(rig, options, recorder)
        _record_costs(rig, steady, options.threads, recorder)


def _run(rig: Rig, options: argparse.Namespace, recorder: Recorder) -> list[FrameTimes]:
    total, steady = options.warm_up + options.frames, []
    frames = islice(rig.camera.frames(), total)
    for count, frame in enumerate(recorder.track(frames, "Frames", total)):
        rig.sender.send_one(rig.animator.animate(frame))
        (times,) = rig.trace.delivered
        _record_frame(times, "steady" if count >= options.warm_up else "warm-up", recorder)
        if count >= options.warm_up:
            steady.append(times)
    return steady


def _record_frame(times: FrameTimes, phase: str, recorder: Recorder) -> None:
    better: Better = "lower" if phase == "steady" else None
    # In a plain loop nothing waits, and a frame is born when it is handed out.
    spent = {name: ms for name, ms in times.stages_ms().items() if not name.startswith(("wait_", "capture"))}
    for name, ms in {"decode": 1000 * times.decode_s, **spent}.items():
        recorder.add("stage", "ms", ms, better=better, labels={"stage": name, "phase": phase})
    recorder.add("frame", "ms", times.age_ms, better=better, labels={"phase": phase})
    recorder.add("explained", "%", 100 * sum(spent.values()) / times.age_ms, better=None, labels={"phase": phase})


def _record_costs(rig: Rig, steady: list[FrameTimes], threads: int, recorder: Recorder) -> None:
    """Multiply-adds of each graph of a frame, and the share of what this processor can do that it got."""
    precision = rig.engine.precision
    has_yardstick = "-cpu" in rig.engine.name and precision != "bf16"
    if not has_yardstick:
        recorder.note(f"share of the peak: there is no yardstick for {rig.engine.name} in {precision}")
    for stage, graph in GRAPH_STAGES.items():
        cost = multiply_adds(rig.bundle.graph_path(graph))
        recorder.add("graph", "count", cost, better=None, labels={"graph": graph})
        if not has_yardstick or not cost or not steady:
            continue
        peak = peak_gmacs(threads, precision)
        recorder.add("peak", "GMAC/s", peak, better=None, labels={"graph": graph, "precision": precision})
        for times in steady:
            achieved = cost / times.stages[stage] / 1e9
            recorder.add("share_of_peak", "%", 100 * achieved / peak, better="higher", labels={"graph": graph})
