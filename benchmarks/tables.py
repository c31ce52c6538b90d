"""One result as Markdown tables: what a reader of docs/benchmarks.md sees of each kind."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from benchmarks.schema import Kind, Result, Series
from benchmarks.summary import percentiles, turn_ratios
from benchmarks.tracing import STAGES

Lines = list[str]


def tables_of(result: Result) -> Lines:
    """The tables of a result, whatever its kind; what was not measured has no row."""
    return _TABLES[result.kind](result)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    """A Markdown table and an empty line after it; nothing without rows."""
    rows = list(rows)
    if not rows:
        return []
    lines = [f"| {' | '.join(headers)} |", "|" + "---|" * len(headers)]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def figure(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    digits = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:.{digits}f}"


def _middle(result: Result, name: str, labels: Mapping[str, str]) -> str:
    found = [series for series in result.find(name, **labels) if series.samples]
    return figure(float(np.median(found[0].samples))) if found else "–"


def _spread(series: Series) -> list[str]:
    return [figure(value) for value in percentiles(series)]


def _measured(result: Result, name: str, **labels: str) -> list[Series]:
    return [series for series in result.find(name, **labels) if series.samples]


def _stages(result: Result) -> Lines:
    rows = []
    frame = _measured(result, "frame", phase="steady")
    whole = float(np.median(frame[0].samples)) if frame else float("nan")
    for series in _measured(result, "stage", phase="steady"):
        name, first = series.labels["stage"], _middle(result, "stage", {**series.labels, "phase": "warm-up"})
        share = "" if name == "decode" else f"{100 * float(np.median(series.samples)) / whole:.1f} %"
        rows.append([name, *_spread(series), share, first])
    rows += [["**frame**", *_spread(series), "", _middle(result, "frame", {"phase": "warm-up"})] for series in frame]
    rows += [["a new portrait", *_spread(series), "", ""] for series in _measured(result, "portrait")]
    lines = table(["stage, ms", "p50", "p95", "p99", "of the frame", "while warming up, p50"], rows)
    explained = _middle(result, "explained", {"phase": "steady"})
    lines += [f"The stages add up to {explained} % of the frame; `decode` comes before its birth.", ""]
    costs = []
    for graph in _measured(result, "graph"):
        label = {"graph": graph.labels["graph"]}
        peak, share = _middle(result, "peak", label), _middle(result, "share_of_peak", label)
        costs.append([f"`{label['graph']}`", figure(graph.samples[0] / 1e9), peak, share])
    return lines + table(["graph", "GMACs", "the processor's peak, GMAC/s", "of the peak, %"], costs)


def _live(result: Result) -> Lines:
    ages = _measured(result, "age")
    names = list(dict.fromkeys(name for series in ages for name in series.labels))
    rows = [
        [
            *(series.labels[name] for name in names),
            *_spread(series),
            *(
                _middle(result, name, series.labels)
                for name in ("ready", "rate", "dropped", "cpu", "memory", "explained")
            ),
        ]
        for series in ages
    ]
    columns = [
        "age p50, ms",
        "p95",
        "p99",
        "ready p50, ms",
        "frames/s",
        "dropped %",
        "CPU %",
        "memory MB",
        "explained %",
    ]
    if _measured(result, "power"):
        columns.append("power, W")
        rows = [[*row, _middle(result, "power", series.labels)] for row, series in zip(rows, ages, strict=True)]
    lines = table([*names, *columns], rows)
    stages = [
        [stage, *(_middle(result, "stage", {**series.labels, "stage": stage}) for series in ages)] for stage in STAGES
    ]
    heads = [", ".join(f"{name} {value}" for name, value in series.labels.items()) for series in ages]
    return lines + (table(["stage p50, ms", *heads], stages) if ages else [])


def _glass(result: Result) -> Lines:
    rows = [
        [series.labels["where"], *_spread(series), str(len(series.samples))]
        for series in _measured(result, "glass_to_glass")
    ]
    return table(["read", "p50, ms", "p95", "p99", "pictures"], rows)


def _peers(result: Result) -> Lines:
    ratios = {(other.name, other.key): ratio for _, other, ratio in turn_ratios(result)}
    lines: Lines = []
    for name, unit in (("frame", "ms"), ("clip", "s")):
        rows = []
        for series in _measured(result, name):
            ratio = ratios.get((series.name, series.key))
            shown = f"{ratio.ratio:.2f}× ({ratio.low:.2f} to {ratio.high:.2f})" if ratio else "1"
            rows.append([series.labels["what"], *_spread(series)[:2], shown, str(len(series.samples))])
        lines += table(["what", f"p50, {unit}", "p95", "times faster than the first (95 %)", "rounds"], rows)
    return lines


def _quality(result: Result) -> Lines:
    rows = [
        [
            series.labels["what"],
            f"{np.mean(series.samples):.4f}",
            *(_mean(result, name, series.labels) for name in ("psnr", "ms_ssim")),
            _middle(result, "frame", series.labels),
            str(len(series.samples)),
        ]
        for series in _measured(result, "l1")
    ]
    return table(["what", "L1", "PSNR, dB", "MS-SSIM", "frame p50, ms", "clips"], rows)


def _mean(result: Result, name: str, labels: Mapping[str, str]) -> str:
    found = _measured(result, name, **labels)
    return figure(float(np.mean(found[0].samples))) if found else "–"


def _by_labels(result: Result, *names: str) -> Lines:
    """One table for the series of each name: their labels, then p50, p95, p99."""
    lines: Lines = []
    for name in names:
        found = _measured(result, name)
        if found:
            labels = list(found[0].labels)
            rows = [[*(series.labels[label] for label in labels), *_spread(series)] for series in found]
            lines += table([*labels, f"{name.replace('_', ' ')} p50, {found[0].unit}", "p95", "p99"], rows)
    return lines


def _train(result: Result) -> Lines:
    rates = _measured(result, "training_rate")
    rows = [
        [*series.labels.values(), figure(float(np.median(series.samples))), _middle(result, "waiting", series.labels)]
        for series in rates
    ]
    return table([*(rates[0].labels if rates else []), "samples/s", "waiting for data, %"], rows)


def _scale(result: Result) -> Lines:
    lines = _by_labels(result, "frame", "encode", "kept_memory", "accounted_memory", "animated_rate", "animated_frame")
    return lines + _live(result)


def _soak(result: Result) -> Lines:
    return _by_labels(
        result,
        *("age_p50", "age_p95", "rate", "output_rate", "cpu", "memory", "memory_growth"),
        *("open_files", "open_files_growth"),
    )


def _engines(result: Result) -> Lines:
    frames = _measured(result, "frame")
    threads = list(dict.fromkeys(series.labels["threads"] for series in frames))
    rows = []
    for engine, precision in dict.fromkeys((s.labels["engine"], s.labels["precision"]) for s in frames):
        labels = {"engine": engine, "precision": precision}
        times = [_median_and_p95(result, labels | {"threads": count}) for count in threads]
        rest = (_middle(result, name, labels) for name in ("psnr", "keypoints", "size", "opened", "memory"))
        rows.append([engine, precision, *times, *rest])
    heads = [f"ms, {count} thread{'s' if count != '1' else ''}: p50, p95" for count in threads]
    return table(["engine", "precision", *heads, "PSNR dB", "keypoints px", "MB", "opened in s", "memory MB"], rows)


def _median_and_p95(result: Result, labels: Mapping[str, str]) -> str:
    found = _measured(result, "frame", **labels)
    return ", ".join(_spread(found[0])[:2]) if found else "–"


def _start(result: Result) -> Lines:
    rows = [
        ["importing run_live", "", *_spread(series)[:2], str(len(series.samples))] for series in result.find("import")
    ]
    rows += [
        [series.labels["engine"], series.labels["cache"], *_spread(series)[:2], str(len(series.samples))]
        for series in _measured(result, "one_frame")
    ]
    return table(["a run of one frame", "cache", "p50, s", "p95", "processes"], rows)


def _framing(result: Result) -> Lines:
    names = {
        "error_mean": "distance of the centres, mean, % of the crop's side",
        "error_p95": "its 95th percentile, %",
        "jitter": "jitter, px of the model's picture",
        "missed_frames": "frames without a crop",
    }
    rows = [
        [title, figure(float(np.mean(series.samples))), figure(max(series.samples)), str(len(series.samples))]
        for name, title in names.items()
        for series in _measured(result, name)
    ]
    return table(["of a clip", "mean", "worst", "clips"], rows)


_TABLES: Mapping[Kind, Callable[[Result], Lines]] = {
    "stages": _stages,
    "live": _live,
    "glass": _glass,
    "peers": _peers,
    "quality": _quality,
    "train": _train,
    "scale": _scale,
    "soak": _soak,
    "engines": _engines,
    "start": _start,
    "framing": _framing,
}
