"""A result as a table for the terminal: one line per series."""

from collections.abc import Iterator

import numpy as np

from benchmarks.intervals import Interval, median_of_ratios
from benchmarks.schema import Result, Series

PERCENTILES = (50, 95, 99)


def print_summary(result: Result) -> None:
    """Prints each series with its median, p95 and p99, and what must be known beside."""
    width = max((len(series.key) for series in result.series), default=0)
    print(f"{'':{width}}  {'p50':>10} {'p95':>10} {'p99':>10}  unit    samples")
    for series in result.series:
        figures = " ".join(f"{value:>10.4g}" for value in percentiles(series))
        print(f"{series.key:{width}}  {figures}  {series.unit:<7} {len(series.samples)}")
    for first, other, ratio in turn_ratios(result):
        print(f"{first.key} took {ratio} times as long as {other.key}")
    for note in result.notes:
        print(f"note: {note}")


def turn_ratios(result: Result, confidence: float = 0.95) -> Iterator[tuple[Series, Series, Interval]]:
    """The first of those that took turns, each of the others, and first over other with its interval."""
    first: dict[str, Series] = {}
    for series in result.series:
        if series.rounds is None or first.setdefault(series.rounds, series) is series:
            continue
        ratio = median_of_ratios(series.samples, first[series.rounds].samples, confidence)
        if ratio is not None:
            yield first[series.rounds], series, ratio


def percentiles(series: Series) -> tuple[float, ...]:
    """p50, p95 and p99 of a series; nan where nothing was measured."""
    if not series.samples:
        return (float("nan"),) * len(PERCENTILES)
    return tuple(float(value) for value in np.percentile(series.samples, PERCENTILES))
