"""What became of each raw video: one JSON each, from which an interrupted preparation continues, and the report."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table


@dataclass(frozen=True, slots=True)
class DroppedPart:
    """Seconds of a raw video that became no clip, and why."""

    start_s: float
    stop_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class VideoRecord:
    """One raw video: its length, its shots, the clips it gave by name and seconds, and what was dropped.

    `unreadable` says why a video that could not be read gave nothing.
    """

    video: str
    bytes: int
    seconds: float
    shots: int
    clips: dict[str, float]
    dropped: tuple[DroppedPart, ...]
    unreadable: str | None = None


def write_record(path: Path, record: VideoRecord) -> None:
    """Write `record` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(record), indent=1))
    partial.replace(path)


def read_record(path: Path) -> VideoRecord | None:
    """What `write_record` wrote there, or None if nothing was."""
    if not path.is_file():
        return None
    values = json.loads(path.read_text())
    dropped = tuple(DroppedPart(**part) for part in values.pop("dropped"))
    return VideoRecord(**values, dropped=dropped)


def dropped_by_reason(records: list[VideoRecord]) -> dict[str, tuple[int, float]]:
    """How many parts and seconds were dropped for each reason, the most seconds first."""
    lengths: dict[str, list[float]] = {}
    for record in records:
        for part in record.dropped:
            lengths.setdefault(part.reason, []).append(part.stop_s - part.start_s)
    totals = {reason: (len(found), sum(found)) for reason, found in lengths.items()}
    return dict(sorted(totals.items(), key=lambda total: -total[1][1]))


def write_report(path: Path, records: list[VideoRecord]) -> None:
    """Everything about all videos as one JSON file."""
    clips = {name: seconds for record in records for name, seconds in record.clips.items()}
    report = {
        "videos": len(records),
        "seconds": round(sum(record.seconds for record in records), 2),
        "clips": len(clips),
        "clip_seconds": round(sum(clips.values()), 2),
        "dropped": {
            reason: {"parts": parts, "seconds": round(seconds, 2)}
            for reason, (parts, seconds) in dropped_by_reason(records).items()
        },
        "unreadable": [record.unreadable for record in records if record.unreadable],
        "records": [asdict(record) for record in records],
    }
    path.write_text(json.dumps(report, indent=1))


def report_table(records: list[VideoRecord]) -> Table:
    """Clips and what was dropped, for the terminal."""
    clips = [seconds for record in records for seconds in record.clips.values()]
    table = Table("what", "parts", "seconds", title=f"{len(records)} raw videos")
    table.columns[1].justify = table.columns[2].justify = "right"
    table.add_row("clips", str(len(clips)), f"{sum(clips):.1f}", style="bold")
    for reason, (parts, seconds) in dropped_by_reason(records).items():
        table.add_row(f"dropped: {reason}", str(parts), f"{seconds:.1f}")
    unreadable = sum(record.unreadable is not None for record in records)
    if unreadable:
        table.add_row("unreadable videos", str(unreadable), "")
    return table
