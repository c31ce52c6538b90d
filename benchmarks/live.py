"""`live`: the whole loop in real time, as a user has it: alone, and beside a call app's encoder."""

import argparse
from contextlib import ExitStack
from itertools import product

import psutil

from benchmarks.call_load import call_running
from benchmarks.consumption import Consumption, consumption_of_this_process
from benchmarks.recorder import Recorder
from benchmarks.rig import EngineOpener, RigSettings, add_rig_flags, open_rig, rig_settings
from benchmarks.tracing import FrameTimes
from realtime.controls import CommandQueue
from realtime.engines.catalogue import open_engine
from realtime.loop import LiveLoop, LoopLimits
from realtime.timing import RunReport

HELP = "the loop in real time: age at the sink, rate, drops, processor, memory, energy"
LOADS = {"none": (False,), "call": (True,), "both": (False, True)}


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `live`."""
    add_rig_flags(parser)
    parser.add_argument(
        "--threads", type=int, nargs="+", help="of the inference runtime; one run each (default 1 to cores)"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="measured in each run (default 10)")
    parser.add_argument("--warm-up", type=float, default=2.0, help="seconds before those, left out (default 2)")
    parser.add_argument(
        "--load",
        choices=sorted(LOADS),
        default="both",
        help="beside it a call app's encoder, x264 at 720p30 (default both)",
    )


def measure(options: argparse.Namespace, recorder: Recorder, opener: EngineOpener = open_engine) -> None:
    """Adds `age`, `ready`, `stage`, `explained`, `rate`, `dropped`, `cpu`, `memory`, `energy` and `power` per run."""
    threads = options.threads or range(1, (psutil.cpu_count(logical=False) or 1) + 1)
    runs = [(rig_settings(options, count), in_call) for count, in_call in product(threads, LOADS[options.load])]
    for settings, in_call in recorder.track(runs, "Runs", len(runs)):
        labels = {"threads": str(settings.threads), "load": "call" if in_call else "none"}
        with ExitStack() as beside:
            call = beside.enter_context(call_running()) if in_call else None
            record_run(settings, options.warm_up, options.seconds, labels, recorder, opener)
        if call:
            recorder.add("call_encoder_rate", "1/s", call.encoded_hz, better=None, labels=labels)


def record_run(
    settings: RigSettings,
    warm_up_s: float,
    seconds: float,
    labels: dict[str, str],
    recorder: Recorder,
    opener: EngineOpener,
) -> None:
    """Runs the loop once and adds what it showed after the warm-up, also where Ctrl-C ends it."""
    with open_rig(settings, realtime=True, opener=opener) as rig, consumption_of_this_process() as taken:
        loop = LiveLoop(rig.camera, rig.animator, rig.sender, CommandQueue(), LoopLimits(warm_up_s + seconds))
        report: RunReport | None = None
        try:
            report = loop.run()
        finally:
            _record_frames(_after_warm_up(rig.trace.delivered, warm_up_s), labels, recorder)
    _record_consumption(taken, labels, recorder)
    if report and report.frames:
        recorder.add("age_p50_by_the_loop", "ms", report.age_p50_ms, better=None, labels=labels)


def _after_warm_up(delivered: tuple[FrameTimes, ...], seconds: float) -> list[FrameTimes]:
    return [times for times in delivered if times.born_s - delivered[0].born_s >= seconds]


def _record_frames(delivered: list[FrameTimes], labels: dict[str, str], recorder: Recorder) -> None:
    for times in delivered:
        spent = times.stages_ms()
        recorder.add("age", "ms", times.age_ms, labels=labels)
        recorder.add("ready", "ms", times.ready_ms, labels=labels)
        recorder.add("stage", "ms", 1000 * times.decode_s, labels=labels | {"stage": "decode"})
        for name, ms in spent.items():
            recorder.add("stage", "ms", ms, labels=labels | {"stage": name})
        recorder.add("explained", "%", 100 * sum(spent.values()) / times.age_ms, better=None, labels=labels)
    if delivered:
        recorder.add("rate", "1/s", *_rates(delivered), better="higher", labels=labels)
        due = delivered[-1].index - delivered[0].index + 1
        recorder.add("dropped", "%", 100 * (1 - len(delivered) / due), labels=labels)


def _rates(delivered: list[FrameTimes]) -> list[float]:
    """Frames in each whole second; the rate over all of it for a run shorter than one."""
    first_s, last_s = delivered[0].sent_s, delivered[-1].sent_s
    whole = int(last_s - first_s)
    if not whole:
        return [(len(delivered) - 1) / (last_s - first_s)] if last_s > first_s else []
    counts = [0.0] * whole
    for times in delivered:
        second = int(times.sent_s - first_s)
        if second < whole:
            counts[second] += 1
    return counts


def _record_consumption(taken: Consumption, labels: dict[str, str], recorder: Recorder) -> None:
    recorder.add("cpu", "%", *taken.cpu_percent, labels=labels)
    recorder.add("memory", "MB", *taken.memory_mb, labels=labels)
    if taken.joules is None:
        recorder.note("energy: this system does not tell it (no readable powercap counter)")
    else:
        recorder.add("energy", "J", taken.joules, labels=labels)
        recorder.add("power", "W", taken.joules / taken.seconds, labels=labels)
