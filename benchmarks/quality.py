"""`quality`: how good each bundle's pictures are against how long they take: the front that a choice is made on."""

import argparse
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contestants import OneFrame, bundle_frame
from benchmarks.recorder import Recorder
from benchmarks.rig import DEFAULT_ENGINE, EngineOpener
from realtime.engines.catalogue import open_engine
from realtime.errors import SettingsError
from realtime.settings import DEFAULT_BUNDLE
from training.clips import ClipError, decode_clip, find_clips
from training.evaluate.reenactors import BundleReenactor, CopyReenactor, Reenactor
from training.evaluate.self_reenactment import prepare_task, reenact_clip

HELP = "the evaluation's picture figures against milliseconds, for every bundle"
DEFAULT_CLIPS = Path("../shared/data/portraits/val")
COPY = "copy of the source"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `quality`."""
    add = parser.add_argument
    add("bundles", type=Path, nargs="*", default=_shipped_bundles(), help="model bundles (default: all that ship)")
    add("--engines", nargs="+", default=[DEFAULT_ENGINE], help=f"for every bundle (default {DEFAULT_ENGINE})")
    add("--threads", type=int, default=1, help="of the engines, for the time (default 1)")
    add("--rounds", type=int, default=40, help="frames timed of each, in turns (default 40)")
    add("--clips", type=Path, nargs="+", default=[DEFAULT_CLIPS], help="folders of clips nobody was trained on")
    add("--most-clips", type=int, default=40, help="clips measured at most (default 40)")
    add("--every", type=int, default=10, help="takes every n-th frame (default 10)")


def measure(options: argparse.Namespace, recorder: Recorder, opener: EngineOpener = open_engine) -> None:
    """Adds `l1`, `psnr` and `ms_ssim` of every clip and `frame` in turns, for each bundle on each engine."""
    try:
        clips = find_clips(options.clips)[: options.most_clips]
    except ClipError as error:
        raise SettingsError(str(error), hint="name folders of videos with --clips") from None
    with ExitStack() as opened:
        reenactors: dict[str, Reenactor] = {}
        frames: dict[str, OneFrame] = {}
        for bundle in options.bundles:
            for engine in options.engines:
                name = f"{bundle.name} on {engine}"
                reenactors[name] = opened.enter_context(BundleReenactor(bundle, engine))
                frames[name] = bundle_frame(bundle, engine, options.threads, opened, opener)
        sizes = {reenactor.image_size for reenactor in reenactors.values()}
        for size in sizes:
            reenactors[f"{COPY} at {size}" if len(sizes) > 1 else COPY] = CopyReenactor(size)
        _time(frames, options.rounds, recorder)
        for path in recorder.track(clips, "Clips", len(clips)):
            _compare(path, options.every, reenactors, recorder)


def _time(frames: dict[str, OneFrame], rounds: int, recorder: Recorder) -> None:
    for frame in frames.values():
        frame()
    for _ in recorder.track(range(rounds), "Frames in turns"):
        for name, frame in frames.items():
            started_s = time.perf_counter()
            frame()
            spent_ms = 1000 * (time.perf_counter() - started_s)
            recorder.add("frame", "ms", spent_ms, rounds="frames", labels={"what": name})


def _compare(path: Path, every: int, reenactors: dict[str, Reenactor], recorder: Recorder) -> None:
    tasks = {}
    for name, reenactor in reenactors.items():
        size = reenactor.image_size
        if size not in tasks:
            tasks[size] = prepare_task(decode_clip(path, size, every), None)
        figures = reenact_clip(reenactor, tasks[size], None).measures.pictures
        recorder.add("l1", "l1", figures.l1, labels={"what": name})
        recorder.add("psnr", "dB", figures.psnr_db, better="higher", labels={"what": name})
        if figures.ms_ssim is not None:
            recorder.add("ms_ssim", "ratio", figures.ms_ssim, better="higher", labels={"what": name})


def _shipped_bundles() -> list[Path]:
    return sorted(path.parent for path in DEFAULT_BUNDLE.parent.glob("*/manifest.json"))
