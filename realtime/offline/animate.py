"""`run_live.py animate`: portraits and driving clips in, videos out. Drops nothing, keeps rate and sound."""

import argparse
import glob
import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import av

from realtime.animator import AnimatorOptions
from realtime.bundle import open_bundle
from realtime.engines.automatic import AUTO, EngineWish, choose_engine
from realtime.errors import SettingsError
from realtime.gain import Gains
from realtime.offline.job import Job, Look
from realtime.offline.pool import Outcome, Workshop, run_jobs
from realtime.portraits.background import wished_background
from realtime.settings import DEFAULT_BUNDLE, LARGEST_GAIN, default_cache, parse_size
from realtime.settings_flags import hyphenated, refusing_parser

BAR_WIDTH = 30
WRITABLE = (".mp4", ".m4v", ".mov", ".mkv", ".avi", ".ts", ".gif")  # H.264 goes into these, or GIF
DEFAULT_ENGINE = "onnx-cpu"  # the same on every machine; run_live.py itself measures which is fastest


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when every video was made; 2 when one was not: it is named, the others are made all the same.

    Raises SettingsError for what no video could be made of.
    """
    chosen = _parser().parse_args([hyphenated(argument) for argument in arguments])
    jobs = planned(chosen.source, chosen.driving, chosen.output)
    bar = _Bar(sum(_frames_of(job.driving) for job in jobs), len(jobs))
    outcomes = run_jobs(jobs, _workshop(chosen), chosen.jobs or os.cpu_count() or 1, bar.advance, bar.tell)
    bar.end()
    return 2 if any(outcome.message for outcome in outcomes) else 0


def planned(sources: Sequence[str], drivings: Sequence[str], output: Path) -> list[Job]:
    """A job for every portrait with every clip. One goes to the file output; several into the folder of that name.

    Raises SettingsError: nothing found, an output that is one of the inputs or no video, a file where a folder must be,
    or inputs so named that one video would replace another.
    """
    pictures, clips = _found(sources, "--source"), _found(drivings, "--driving")
    if len(pictures) * len(clips) == 1 and output.suffix:
        if output.suffix.lower() not in WRITABLE:
            raise SettingsError(f"{output}: not a kind of video file", hint=f"name one of {', '.join(WRITABLE)}")
        jobs = [Job(pictures[0], clips[0], output)]
    elif output.exists() and not output.is_dir():
        raise SettingsError(f"{output}: is no folder of videos", hint="name a folder, or for one video an .mp4 or .gif")
    else:
        jobs = [Job(one, other, output / f"{one.stem}--{other.stem}.mp4") for one in pictures for other in clips]
        _refuse_same_names(jobs)
    inputs = {path.resolve() for path in (*pictures, *clips)}
    for job in jobs:
        if job.output.resolve() in inputs:
            raise SettingsError(f"{job.output}: is one of the inputs", hint="name another --output")
    return jobs


def _refuse_same_names(jobs: Sequence[Job]) -> None:
    made: dict[Path, Job] = {}
    for job in jobs:
        before = made.setdefault(job.output, job)
        if before is not job:
            raise SettingsError(
                f"{before.source} with {before.driving} and {job.source} with {job.driving}: both would become "
                f"{job.output}",
                hint="rename one of the files, or make their videos one by one",
            )


def _found(patterns: Sequence[str], flag: str) -> list[Path]:
    found = []
    for pattern in patterns:
        matches = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207 - may be absolute
        if not matches:
            raise SettingsError(f"{flag} {pattern}: no such files", hint="check the pattern, in quotes")
        found += [Path(match) for match in matches]
    return list(dict.fromkeys(found))  # patterns may overlap


def _parser() -> argparse.ArgumentParser:
    parser = refusing_parser("run_live.py animate", "Makes videos of portraits that follow clips.")
    add = parser.add_argument
    add("--source", nargs="+", action="extend", required=True, metavar="PICTURE", help="portraits, or patterns of them")
    add("--driving", nargs="+", action="extend", required=True, metavar="CLIP", help="clips, or patterns of them")
    add("--output", type=Path, required=True, help=".mp4 or .gif; with several portraits or clips, a folder")
    add("--best-frame", action="store_true", help="neutral is the clip's frame most like the portrait, not the first")
    add("--side-by-side", action="store_true", help="show the driver beside the portrait")
    add("--audio", action=argparse.BooleanOptionalAction, default=True, help="carry the sound over (default: on)")
    add("--badge", action=argparse.BooleanOptionalAction, default=True, help='small "AI" in the corner (default: on)')
    add(
        "--picture",
        choices=("square", "portrait"),
        default="square",
        help="the square, or the whole portrait around it",
    )
    add("--background", default="auto", metavar="auto|blur|#RRGGBB|FILE", help="what is beside the portrait")
    add("--behind", default="auto", metavar="auto|still|keep|blur|#RRGGBB|FILE", help="what is behind the person in it")
    add("--size", metavar="WIDTHxHEIGHT", help="size of the video (default: the portrait's)")
    add("--jobs", type=_count, default=None, help="videos made at once (default: as many as there are cores)")
    add("--bundle", type=Path, default=DEFAULT_BUNDLE, metavar="FOLDER", help="model bundle")
    add("--engine", default=DEFAULT_ENGINE, help=f"inference runtime, or auto: the fastest (default: {DEFAULT_ENGINE})")
    add("--cache", type=Path, default=default_cache(), metavar="FOLDER", help="where auto's measurements are kept")
    add("--threads", type=_count, default=None, help="threads of the inference runtime, for each video")
    add(
        "--motion",
        choices=("relative", "absolute"),
        default="relative",
        help="motion since neutral, or the pose as it is",
    )
    add("--crop", choices=("auto", "none"), default="auto", help="find the faces, or use the centre squares")
    add("--mirror", action="store_true", help="mirror the driver")
    add("--gain", type=_gain, default=1.0, metavar="FACTOR", help="more or less motion (default: 1)")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return int(text)


def _gain(text: str) -> float:
    try:
        gain = float(text)
    except ValueError:
        gain = math.nan
    if not 0 <= gain <= LARGEST_GAIN:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to {LARGEST_GAIN:g}")
    return gain


def _workshop(chosen: argparse.Namespace) -> Workshop:
    try:
        size = parse_size(chosen.size) if chosen.size else None
    except ValueError as error:
        raise SettingsError(f"--size {chosen.size}: {error}", hint="e.g. --size 512x512") from None
    background = wished_background(chosen.background)
    return Workshop(
        bundle=chosen.bundle,
        engine=_engine_named(chosen),
        threads=chosen.threads,
        find_faces=chosen.crop == "auto",
        options=AnimatorOptions(
            motion=chosen.motion,
            gains=Gains(overall=chosen.gain),
            mirror=chosen.mirror,
            fade_s=0.0,
            part=chosen.picture,
            beside=background,
            behind=chosen.behind,
        ),
        look=Look(
            size,
            chosen.badge,
            chosen.audio,
            chosen.side_by_side,
            chosen.best_frame,
            background,
        ),
    )


def _engine_named(chosen: argparse.Namespace) -> str:
    """The engine's name; where it is left open, the fastest, in its precision, remembered or measured as when live."""
    if chosen.engine != AUTO:
        return str(chosen.engine)
    fastest = choose_engine(EngineWish(AUTO, None, chosen.threads), open_bundle(chosen.bundle), chosen.cache)
    return f"{fastest.engine}:{fastest.precision}"


def _frames_of(clip: Path) -> int:
    """How many frames a clip says it has; 0 where it does not say or cannot be opened: its job will tell why."""
    try:
        with av.open(str(clip)) as container:
            return container.streams.video[0].frames if container.streams.video else 0
    except (OSError, av.FFmpegError):
        return 0


class _Bar:
    """Progress of the whole batch: a line that rewrites itself on a terminal, elsewhere only each finished video."""

    def __init__(self, frames: int, jobs: int) -> None:
        self._expected, self._jobs = frames, jobs
        self._frames = self._done = 0
        self._started_s = self._last_s = time.monotonic()
        self._rewrites = sys.stderr.isatty()

    def advance(self, frames: int) -> None:
        self._frames += frames
        now_s = time.monotonic()
        if self._rewrites and now_s - self._last_s > 0.1:
            self._last_s = now_s
            share = min(1.0, self._frames / self._expected) if self._expected else 0.0
            filled = round(share * BAR_WIDTH)
            rate = self._frames / (now_s - self._started_s)
            line = (
                f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {share:4.0%}  {rate:.1f} fps  {self._done}/{self._jobs}"
            )
            sys.stderr.write(f"\r{line}")
            sys.stderr.flush()

    def tell(self, outcome: Outcome) -> None:
        self._done += 1
        wipe = "\r\033[K" if self._rewrites else ""
        if outcome.message:
            print(f"{wipe}error: {outcome.message}\n{outcome.hint}", file=sys.stderr)
        else:
            print(f"{wipe}{outcome.job.output}: {outcome.frames} frames", file=sys.stderr)

    def end(self) -> None:
        if not self._frames:  # the errors say why
            return
        spent_s = max(time.monotonic() - self._started_s, 1e-9)
        print(f"{self._frames} frames in {spent_s:.1f} s, {self._frames / spent_s:.1f} fps")
