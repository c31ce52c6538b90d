"""`python -m training.evaluate BUNDLE_OR_CHECKPOINT`: one table, one JSON line, sheets and a video to look at.

Self-reenactment takes every n-th frame of held-out clips; copying the source is the first column, to be beaten.
Cross-reenactment drives 60 fixed stills, photographs and paintings, by the clips. Measuring faces needs the packages of
`[evaluate]`, which want an older NumPy and so an environment of their own; --pictures-only does without.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import track

from models.checkpoint import CheckpointError
from realtime.errors import MarionetError
from training.clips import ClipError, find_clips
from training.evaluate.clip_job import ClipJob, Workplace
from training.evaluate.cross_reenactment import CrossMeasures, CrossPair, read_cross_pairs
from training.evaluate.faces import FaceToolError, FaceTools, MeshAndEmbedding
from training.evaluate.processes import ProcessError, measure_clips
from training.evaluate.report import (
    Figures,
    SideBySideVideo,
    cross_figures,
    format_table,
    self_figures,
    write_sheet,
)
from training.evaluate.self_reenactment import SelfMeasures

DATA = Path("../shared/data")
CROSS_PAIRS = Path(__file__).with_name("cross_pairs.csv")
SHEET_ROWS = 20
SHOWN_PAIRS = 10
# Each takes some 700 MB with face tools.
MOST_PROCESSES = 8


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure and where to write. sample: how many of the clips, spread evenly over them; None is all."""

    target: Path
    clips: tuple[Path, ...]
    stills: Path
    every: int
    pairs: int
    engine: str
    out: Path
    sample: int | None = None
    processes: int = 1


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 with the figures printed, 2 for what the user can correct."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime would report to its makers
    out = options.out or Path("out/evaluation") / options.target.stem
    request = Request(
        options.target,
        tuple(options.clips),
        options.stills,
        options.every,
        options.pairs,
        options.engine,
        out,
        options.sample,
        options.processes,
    )
    try:
        figures = evaluate(request, None if options.pictures_only else MeshAndEmbedding)
    except (CheckpointError, ClipError, FaceToolError, ProcessError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except MarionetError as error:
        print(f"error: {error.message}\n{error.hint}", file=sys.stderr)
        return 2
    print(json.dumps(figures))
    return 0


def evaluate(request: Request, open_tools: Callable[[], FaceTools] | None) -> dict[str, object]:
    """Measure, print the table, write sheets and video; the figures as one JSON object.

    open_tools: called once in every process; None measures no faces.
    """
    found = find_clips(list(request.clips))
    clips = spread_evenly(found, request.sample)
    pairs = _pairs(clips, request.pairs) if open_tools else []
    request.out.mkdir(parents=True, exist_ok=True)  # fails now rather than after half an hour's measuring
    workplace = Workplace(request.target, request.engine, open_tools)
    columns = _measure(_jobs(clips, pairs, request), workplace, request)
    print(format_table(columns))
    copied, animated = columns["copy"], columns[request.target.stem]
    assert copied["self_l1"] and animated["self_l1"]
    return {
        "target": request.target.name,
        "engine": request.engine if request.target.is_dir() else "torch",
        "clips": len(clips),
        "clips_found": len(found),
        "clips_chosen": "all" if len(clips) == len(found) else "evenly spaced",
        "every": request.every,
        "pairs": len(pairs),
        "l1_below_copy": round(1 - animated["self_l1"] / copied["self_l1"], 4),
        "copy": _rounded(copied),
        "figures": _rounded(animated),
    }


def spread_evenly(clips: Sequence[Path], count: int | None) -> list[Path]:
    """`count` of the clips at even distances, the first and the last among them; all where there are no more."""
    if count is None or count >= len(clips):
        return list(clips)
    return [clips[index] for index in np.linspace(0, len(clips) - 1, count).round().astype(int)]


def _pairs(clips: Sequence[Path], most: int) -> list[CrossPair]:
    names = {path.stem for path in clips}
    pairs = [pair for pair in read_cross_pairs(CROSS_PAIRS) if pair.clip in names][:most]
    if most and not pairs:
        raise ClipError(f"{CROSS_PAIRS}: none of its clips is among those given; pass --pairs 0 for other clips")
    return pairs


def _jobs(clips: Sequence[Path], pairs: Sequence[CrossPair], request: Request) -> list[ClipJob]:
    shown = frozenset(pairs[:: max(1, len(pairs) // SHOWN_PAIRS)])
    return [
        ClipJob(
            path,
            request.every,
            request.stills,
            tuple(pair for pair in pairs if pair.clip == path.stem),
            shows_itself=index < SHEET_ROWS,
            shown_pairs=shown,
        )
        for index, path in enumerate(clips)
    ]


def _measure(jobs: Sequence[ClipJob], workplace: Workplace, request: Request) -> dict[str, Figures]:
    """The table's columns. Sheets and the video are written on the way, of pictures that are dropped at once."""
    copied: list[SelfMeasures] = []
    animated: list[SelfMeasures] = []
    pairs: list[CrossMeasures] = []
    rows, pair_rows = [], []
    outcomes = measure_clips(jobs, workplace, min(request.processes, len(jobs)))
    with SideBySideVideo(request.out / "cross.mp4") as video:
        for outcome in track(outcomes, "Measuring clips", total=len(jobs)):
            copied.append(outcome.copied)
            animated.append(outcome.found)
            pairs += outcome.pairs
            rows += [] if outcome.row is None else [outcome.row]
            pair_rows += [shown.row for shown in outcome.shown_pairs]
            for shown in outcome.shown_pairs:
                video.add(shown.video)
    write_sheet(request.out / "self.png", rows)
    columns = {"copy": self_figures(copied), workplace.target.stem: self_figures(animated)}
    if pairs:
        write_sheet(request.out / "cross.png", pair_rows)
        columns[workplace.target.stem] |= cross_figures(pairs)
    return columns


def _rounded(figures: Figures) -> Figures:
    return {name: value if value is None else round(value, 5) for name, value in figures.items()}


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be 1 or more")
    return count


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate", description="Measure a checkpoint or a bundle."
    )
    parser.add_argument("target", type=Path, help="a .safetensors checkpoint or a bundle folder")
    parser.add_argument("--clips", type=Path, nargs="+", default=[DATA / "portraits/val"], help="held-out clips")
    parser.add_argument("--sample", type=_count, help="how many clips, spread evenly over all of them (default all)")
    parser.add_argument("--stills", type=Path, default=DATA / "stills", help="portraits for cross-reenactment")
    parser.add_argument("--every", type=_count, default=5, help="self-reenactment takes every n-th frame (default 5)")
    parser.add_argument("--pairs", type=int, default=60, help="cross-reenactment pairs (default all 60)")
    parser.add_argument("--pictures-only", action="store_true", help="measure no faces: for other kinds of objects")
    parser.add_argument("--engine", default="onnx-cpu", help="runtime of a bundle (default onnx-cpu)")
    parser.add_argument(
        "--processes",
        type=_count,
        default=min(MOST_PROCESSES, os.cpu_count() or 1),
        help="clips measured at once, each with its own networks (default one per core)",
    )
    parser.add_argument("--out", type=Path, help="folder of sheets and videos; default out/evaluation/NAME")
    return parser


if __name__ == "__main__":
    sys.exit(main())
