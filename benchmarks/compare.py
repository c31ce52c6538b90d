"""`compare BEFORE.json AFTER.json`: ratios with confidence intervals; exit code 1 on a regression beyond noise.

Judged are medians. A series got worse if its whole interval lies beyond the tolerance, which stands for what differs
from run to run on an unchanged program, and if the change is large enough to matter. Of series that took turns in one
run, only their ratio to the first of them is judged, since that cancels whatever else the machine did.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.intervals import Interval, ratio_of_medians
from benchmarks.parser import Parser
from benchmarks.schema import SCHEMA_VERSION, YARDSTICK, Result, ResultError, Series, read_result

TOLERANCE = 0.10
CONFIDENCE = 0.99
# A stage of a few microseconds may double without anybody noticing.
SMALLEST_CHANGE = {"ms": 0.3, "s": 0.05, "MB": 5.0, "%": 5.0}
REGRESSION = 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """One series of both runs: after over before. interval is None where too little was measured to judge."""

    series: Series
    before: float
    after: float
    interval: Interval | None
    tail: Interval | None
    verdict: str


def main(arguments: Sequence[str]) -> int:
    """1 if anything got worse beyond noise, else 0. Raises ResultError."""
    parser = Parser(prog="python -m benchmarks compare", description="Compare two saved results.")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument(
        "--tolerance", type=float, default=TOLERANCE, help=f"share of change that is noise ({TOLERANCE})"
    )
    parser.add_argument("--confidence", type=float, default=CONFIDENCE, help=f"of the intervals ({CONFIDENCE})")
    parser.add_argument("--across-machines", action="store_true", help="compare results of different machines")
    options = parser.parse_args(arguments)
    before, after = read_result(options.before), read_result(options.after)
    _require_comparable(before, after, options.across_machines)
    compared = compare(before, after, options.tolerance, options.confidence)
    _print(before, after, compared)
    worse = [comparison for comparison in compared if comparison.verdict == "worse"]
    print(json.dumps(_as_json(before, after, compared)), flush=True)
    return REGRESSION if worse else 0


def compare(
    before: Result, after: Result, tolerance: float = TOLERANCE, confidence: float = CONFIDENCE
) -> list[Comparison]:
    """Every series that both results have, in the order of the first."""
    known = {series.key: series for series in _comparable(after)}
    pairs = [(old, known[old.key]) for old in _comparable(before) if old.key in known]
    return [_compared(old, new, tolerance, confidence) for old, new in pairs]


def _compared(old: Series, new: Series, tolerance: float, confidence: float) -> Comparison:
    before, after = float(np.median(old.samples)), float(np.median(new.samples))
    interval = ratio_of_medians(old.samples, new.samples, confidence)
    tail = ratio_of_medians(old.samples, new.samples, confidence, percent=95)
    matters = abs(after - before) >= SMALLEST_CHANGE.get(old.unit, 0.0)
    verdict = _verdict(interval, old.better, tolerance) if matters and interval else ""
    return Comparison(old, before, after, interval, tail, verdict)


def _verdict(interval: Interval, better: str | None, tolerance: float) -> str:
    if better is None:
        return ""
    grew, shrank = interval.low > 1 + tolerance, interval.high < 1 / (1 + tolerance)
    if grew or shrank:
        return "better" if grew == (better == "higher") else "worse"
    return ""


def _comparable(result: Result) -> Iterator[Series]:
    """The series that were measured; those that took turns as ratios to the first of their rounds."""
    first: dict[str, Series] = {}
    for series in result.series:
        if not series.samples:
            continue
        if series.rounds is None:
            yield series
        elif reference := first.get(series.rounds):
            ratios = np.divide(series.samples, reference.samples)
            yield series.model_copy(
                update={
                    "name": f"{series.name} over {reference.key}",
                    "unit": "ratio",
                    "samples": tuple(map(float, ratios)),
                }
            )
        else:
            first[series.rounds] = series


def _require_comparable(before: Result, after: Result, across_machines: bool) -> None:
    if before.kind != after.kind:
        raise ResultError(
            f"{before.kind} and {after.kind} measure different things", hint="compare results of one kind"
        )
    if before.machine.title != after.machine.title and not across_machines:
        raise ResultError(
            f"measured on different machines: {before.machine.title} and {after.machine.title}",
            hint="measure both on one machine, or pass --across-machines if the machines are what you compare",
        )
    if not {series.key for series in _comparable(before)} & {series.key for series in _comparable(after)} - {YARDSTICK}:
        raise ResultError(
            "the two results have no series in common", hint=f"repeat the first one's command: {before.command}"
        )


def _print(before: Result, after: Result, compared: list[Comparison]) -> None:
    for name in sorted(before.settings.keys() | after.settings.keys()):
        old, new = before.settings.get(name), after.settings.get(name)
        if old != new:
            print(f"{name}: {old} before, {new} after")
    print(f"commit: {before.commit} before, {after.commit} after")
    width = max(len(comparison.series.key) for comparison in compared)
    print(f"{'after / before':{width}}  {'before':>10} {'after':>10} {'':7} p50 (interval){'':12} p95 (not judged)")
    for found in compared:
        middle, tail = str(found.interval or "too few samples"), str(found.tail or "")
        figures = f"{found.before:>10.4g} {found.after:>10.4g} {found.series.unit:7}"
        print(f"{found.series.key:{width}}  {figures} {middle:26} {tail:26} {found.verdict}".rstrip())
    worse = [found.series.key for found in compared if found.verdict == "worse"]
    print(f"worse beyond noise: {'; '.join(worse)}" if worse else "nothing got worse beyond noise")


def _as_json(before: Result, after: Result, compared: list[Comparison]) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "compare",
        "compared": before.kind,
        "commits": [before.commit, after.commit],
        "series": {
            found.series.key: {
                "before": found.before,
                "after": found.after,
                "interval": [found.interval.ratio, found.interval.low, found.interval.high] if found.interval else None,
                "verdict": found.verdict,
            }
            for found in compared
        },
        "worse": [found.series.key for found in compared if found.verdict == "worse"],
    }
