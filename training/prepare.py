"""`python -m training.prepare RAW_VIDEOS OUT`: raw footage -> clips of one face in one fixed square, 256x256 H.264.

Each video is read twice: once to find cuts and faces, once to cut the spans out. OUT/clips receives the clips,
OUT/report.json what was dropped and why. A video that is done is not read again, so an interrupted run continues.
"""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from realtime.errors import MarionetError
from realtime.faces.detector import FaceDetector
from training.clips import ClipError
from training.footage import find_footage
from training.preparation_record import VideoRecord, read_record, report_table, write_record, write_report
from training.video_preparation import Detector, prepare_video


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when there are clips, 2 for what the user can correct."""
    parser = argparse.ArgumentParser(prog="python -m training.prepare", description="Cut clips out of raw footage.")
    parser.add_argument("raw", type=Path, help="folder of raw videos, searched with its subfolders")
    parser.add_argument("out", type=Path, help="folder for clips/, report.json and one record per video")
    options = parser.parse_args(arguments)
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime would report to its makers
    try:
        records = prepare(options.raw, options.out, FaceDetector())
        clips = sum(len(record.clips) for record in records)
        Console().print(report_table(records))
        print(f"{clips} clips in {options.out / 'clips'}; every dropped part is in {options.out / 'report.json'}")
        if not clips:
            raise ClipError(
                f"{options.raw}: not one clip came out; it needs a single face for a second or more, "
                "about a fifth of the picture's height or larger"
            )
    except ClipError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error}; name a folder you may write to as OUT", file=sys.stderr)
        return 2
    except MarionetError as error:
        print(f"error: {error.message}\n{error.hint}", file=sys.stderr)
        return 2
    return 0


def prepare(raw: Path, out: Path, detector: Detector) -> list[VideoRecord]:
    """Clips of every video under `raw` in `out`/clips, and what became of each video."""
    named = _named(find_footage(raw), raw)
    (out / "clips").mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn()) as progress:
        records = [_prepared(video, name, out, detector, progress) for name, video in named.items()]
    write_report(out / "report.json", records)
    return records


def _named(videos: list[Path], raw: Path) -> dict[str, Path]:
    """Each video by the name its clips will carry; ClipError if two would carry the same."""
    named: dict[str, Path] = {}
    for video in videos:
        name = "-".join(video.relative_to(raw).with_suffix("").parts)
        if name in named:
            raise ClipError(f"{video}: its clips would be named like those of {named[name]}; rename one of the two")
        named[name] = video
    return named


def _prepared(video: Path, name: str, out: Path, detector: Detector, progress: Progress) -> VideoRecord:
    """What became of `video`, found out now unless an earlier run did."""
    task = progress.add_task(name, total=None)
    record_file = out / "records" / f"{name}.json"
    record = read_record(record_file)
    if record is None or record.bytes != video.stat().st_size:

        def show(done: float) -> None:
            progress.update(task, total=1, completed=done)

        record = prepare_video(video, name, out / "clips", detector, show)
        write_record(record_file, record)
    progress.update(task, total=1, completed=1)
    if record.unreadable:
        progress.console.print(f"left out: {record.unreadable}")
    return record


if __name__ == "__main__":
    sys.exit(main())
