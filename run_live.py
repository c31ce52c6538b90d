#!/usr/bin/env python3
"""Composition root: settings -> camera, engine, sink -> LiveLoop or, with --offline, a plain loop."""

import importlib
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext

from realtime.animator import Animator
from realtime.bundle_choice import chosen_bundle
from realtime.composition import animator_options, chosen_portrait, engine_for, governor_for
from realtime.control.control_room import listening
from realtime.controls import Command, CommandQueue, remapped_keys
from realtime.demand import Demand
from realtime.devices.opening import open_camera, watching_readers
from realtime.environment import prepare
from realtime.errors import MarionetError
from realtime.faces.detector import FaceDetector
from realtime.figures.feed import FiguresFeed
from realtime.figures.measuring import striped, timing_pictures
from realtime.interruption import quitting_on_signals
from realtime.loop import LiveLoop, LoopLimits, run_offline
from realtime.offline.progress import ProgressLine
from realtime.output.opening import open_sender
from realtime.settings import DEFAULT_CLIP, Settings, read_settings
from realtime.settings_files import standard_places
from realtime.timing import RunReport, Stopwatch

# Sub-commands, by the first argument: each module's main takes the rest and gives the exit code.
COMMANDS = {
    "animate": "realtime.offline.animate",
    "ctl": "realtime.control.ctl",
    "devices": "realtime.devices.listing",
    "doctor": "realtime.doctor",
}

log = logging.getLogger("run_live")


def main(arguments: Sequence[str] | None = None) -> int:
    """The process's exit code: 0 after a run, 2 after an error the user can mend (two lines on stderr)."""
    # On a terminal a message first wipes the progress line off.
    message = "\r\033[K%(message)s" if sys.stderr.isatty() else "%(message)s"
    logging.basicConfig(level=logging.INFO, format=message, stream=sys.stderr)
    prepare(os.environ)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in COMMANDS:
            return int(importlib.import_module(COMMANDS[given[0]]).main(given[1:]))
        run(read_settings(given, standard_places()))
    except MarionetError as error:
        print(f"error: {error.message}\n{error.hint}", file=sys.stderr)
        return 2
    return 0


def run(settings: Settings) -> RunReport:
    """What was delivered. Opens every part, runs until the end, closes every part. Raises MarionetError."""
    commands = CommandQueue(keys=remapped_keys(settings.keys))
    stopwatch, progress, demand = Stopwatch(), ProgressLine(sys.stderr), Demand()
    bundle = chosen_bundle(settings)
    detector = FaceDetector() if settings.crop == "auto" else None
    options = animator_options(settings)
    limits = LoopLimits(settings.seconds, settings.max_frames)
    with ExitStack() as opened:
        opened.enter_context(quitting_on_signals(lambda: commands.post(Command.QUIT)))
        engine, savings = engine_for(settings, bundle)
        opened.enter_context(engine)
        animator = opened.enter_context(Animator(engine, bundle, options, detector, stopwatch, commands.dashboard))
        animator.open_source(chosen_portrait(settings))
        camera = opened.enter_context(open_camera(settings, DEFAULT_CLIP, demand))
        animator.remember_poses(standard_places().user / "poses", camera.name)
        camera, stamp = striped(camera) if settings.measure_latency else (camera, None)
        portrait = animator.at_rest()
        sender = opened.enter_context(open_sender(settings, portrait, camera.rate_hz, commands, demand, stamp))
        names = (animator.portrait.name, camera.name, sender.name, bundle.manifest.name, engine.name)
        log.info("animating %s from %s into %s with %s on %s", *names)
        opened.callback(progress.end)
        feed = FiguresFeed(commands.dashboard, stopwatch, engine, camera.rate_hz)
        if settings.offline:
            report = run_offline(camera, animator, sender, commands, limits, feed.show, progress.show)
        else:
            opened.enter_context(listening(commands))
            always_on = settings.always_on or settings.measure_latency
            opened.enter_context(watching_readers(sender.sinks, demand, always_on))
            opened.enter_context(timing_pictures(sender) if settings.measure_latency else nullcontext())
            governor = governor_for(settings, commands.dashboard, savings)
            report = LiveLoop(camera, animator, sender, commands, limits, governor=governor).run(
                feed.show, progress.show
            )
    print(f"{report}; {', '.join(f'{stage} {mean:.1f} ms' for stage, mean in stopwatch.means_ms().items())}")
    return report


if __name__ == "__main__":
    sys.exit(main())
