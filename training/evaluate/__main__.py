"""`python -m training.evaluate BUNDLE_OR_CHECKPOINT`: one table, one JSON line, sheets and a video to look at.

Self-reenactment takes every n-th frame of held-out clips; copying the source is the first column, to be beaten.
Cross-reenactment drives 60 fixed stills, photographs and paintings, by the clips. Measuring faces needs the packages of
`[evaluate]`, which want an older NumPy and so an environment of their own; --pictures-only does without.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from models.checkpoint import CheckpointError
from realtime.errors import MarionetError
from training.clips import ClipError, Pixels, decode_clip, find_clips
from training.evaluate.cross_reenactment import (
    FRAMES,
    CrossReenactment,
    read_cross_pairs,
    read_still,
    reenact_pair,
)
from training.evaluate.faces import FaceToolError, FaceTools, Landmarks, MeshAndEmbedding
from training.evaluate.reenactors import BundleReenactor, CheckpointReenactor, CopyReenactor, Reenactor
from training.evaluate.report import (
    Figures,
    cross_figures,
    format_table,
    self_figures,
    write_sheet,
    write_side_by_side,
)
from training.evaluate.self_reenactment import SelfReenactmentClip, prepare_task, reenact_clip

DATA = Path("../shared/data")
CROSS_PAIRS = Path(__file__).with_name("cross_pairs.csv")
SHEET_ROWS = 20
SHOWN_PAIRS = 10


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure and where to write."""

    target: Path
    clips: tuple[Path, ...]
    stills: Path
    every: int
    pairs: int
    engine: str
    out: Path


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 with the figures printed, 2 for what the user can correct."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime would report to its makers
    out = options.out or Path("out/evaluation") / options.target.stem
    request = Request(
        options.target, tuple(options.clips), options.stills, options.every, options.pairs, options.engine, out
    )
    try:
        tools = None if options.pictures_only else MeshAndEmbedding()
        figures = evaluate(request, tools)
    except (CheckpointError, ClipError, FaceToolError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except MarionetError as error:
        print(f"error: {error.message}\n{error.hint}", file=sys.stderr)
        return 2
    print(json.dumps(figures))
    return 0


def evaluate(request: Request, tools: FaceTools | None) -> dict[str, object]:
    """Measure, print the table, write sheets and video; the figures as one JSON object."""
    with ExitStack() as stack:
        reenactor = _open(request, stack)
        clips = find_clips(list(request.clips))
        columns = _measure_self(reenactor, clips, request, tools)
        if tools is not None and request.pairs:
            columns[request.target.stem] |= _measure_cross(reenactor, clips, request, tools)
    print(format_table(columns))
    copied, found = columns["copy"], columns[request.target.stem]
    assert copied["self_l1"] and found["self_l1"]
    return {
        "target": request.target.name,
        "clips": len(clips),
        "every": request.every,
        "pairs": request.pairs if tools else 0,
        "l1_below_copy": round(1 - found["self_l1"] / copied["self_l1"], 4),
        "copy": _rounded(copied),
        "figures": _rounded(found),
    }


def _open(request: Request, stack: ExitStack) -> Reenactor:
    if request.target.is_dir():
        return stack.enter_context(BundleReenactor(request.target, request.engine))
    return CheckpointReenactor(request.target)


def _measure_self(
    reenactor: Reenactor, clips: Sequence[Path], request: Request, tools: FaceTools | None
) -> dict[str, Figures]:
    copy = CopyReenactor(reenactor.image_size)
    copied: list[SelfReenactmentClip] = []
    measured: list[SelfReenactmentClip] = []
    shown: list[tuple[Pixels, Pixels, Pixels]] = []
    for path in track(clips, "Self-reenactment"):
        frames = decode_clip(path, reenactor.image_size, request.every)
        task = prepare_task(frames, tools)
        copied.append(reenact_clip(copy, task, tools))
        measured.append(reenact_clip(reenactor, task, tools))
        if len(shown) < SHEET_ROWS:
            shown.append((task.source, task.target, measured[-1].result))
    write_sheet(request.out / "self.png", *zip(*shown, strict=True))
    return {"copy": self_figures(copied), request.target.stem: self_figures(measured)}


def _measure_cross(reenactor: Reenactor, clips: Sequence[Path], request: Request, tools: FaceTools) -> Figures:
    by_name = {path.stem: path for path in clips}
    pairs = [pair for pair in read_cross_pairs(CROSS_PAIRS) if pair.clip in by_name][: request.pairs]
    if not pairs:
        raise ClipError(f"{CROSS_PAIRS}: none of its clips is among those given; pass --pairs 0 for other clips")
    drivers: dict[str, tuple[Pixels, Landmarks]] = {}
    measured: list[CrossReenactment] = []
    shown: list[tuple[Pixels, Pixels, Pixels]] = []
    step = max(1, len(pairs) // SHOWN_PAIRS)
    for index, pair in enumerate(track(pairs, "Cross-reenactment")):
        if pair.clip not in drivers:
            drivers[pair.clip] = _driver(by_name[pair.clip], reenactor.image_size, tools)
        driver, points = drivers[pair.clip]
        still = read_still(request.stills, pair.still, reenactor.image_size)
        measured.append(reenact_pair(reenactor, pair, still, driver, points, tools))
        if index % step == 0:
            shown.append((still, driver, measured[-1].result))
    stills, shown_drivers, results = zip(*shown, strict=True)
    write_sheet(request.out / "cross.png", stills, shown_drivers, results)
    write_side_by_side(request.out / "cross.mp4", stills, shown_drivers, results)
    return cross_figures(measured)


def _driver(clip: Path, size: int, tools: FaceTools) -> tuple[Pixels, Landmarks]:
    frames = decode_clip(clip, size)[:FRAMES]
    return frames, tools.landmarks(frames, consecutive=True)


def _rounded(figures: Figures) -> Figures:
    return {name: value if value is None else round(value, 5) for name, value in figures.items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate", description="Measure a checkpoint or a bundle."
    )
    parser.add_argument("target", type=Path, help="a .safetensors checkpoint or a bundle folder")
    parser.add_argument("--clips", type=Path, nargs="+", default=[DATA / "portraits/val"], help="held-out clips")
    parser.add_argument("--stills", type=Path, default=DATA / "stills", help="portraits for cross-reenactment")
    parser.add_argument("--every", type=int, default=5, help="self-reenactment takes every n-th frame (default 5)")
    parser.add_argument("--pairs", type=int, default=60, help="cross-reenactment pairs (default all 60)")
    parser.add_argument("--pictures-only", action="store_true", help="measure no faces: for other kinds of objects")
    parser.add_argument("--engine", default="onnx-cpu", help="runtime of a bundle (default onnx-cpu)")
    parser.add_argument("--out", type=Path, help="folder of sheets and videos; default out/evaluation/NAME")
    return parser


if __name__ == "__main__":
    sys.exit(main())
