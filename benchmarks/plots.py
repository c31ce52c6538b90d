"""Results as pictures: SVG, the same bytes for the same result, small enough for a repository."""

from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.schema import Kind, Result, Series

WIDTH_IN, HEIGHT_IN = 7.0, 3.2
BINS = 40


def draw(result: Result, path: Path) -> bool:
    """Whether a picture of result was written to path: kinds whose tables say all have none."""
    plot = _PLOTS.get(result.kind)
    if plot is None:
        return False
    with mpl.rc_context({"svg.hashsalt": "marionet", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False}):
        figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), layout="constrained")
        if not plot(figure.subplots(), result):
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    return True


def _stage_bars(axes: Axes, result: Result) -> bool:
    found = [series for series in result.find("stage", phase="steady") if series.samples]
    if not found:
        return False
    names = [series.labels["stage"] for series in found]
    low, middle, high = np.array([np.percentile(series.samples, (5, 50, 95)) for series in found]).T
    axes.barh(names, middle, xerr=[middle - low, high - middle], color="tab:blue", ecolor="0.3", capsize=2)
    axes.invert_yaxis()
    axes.set_xlabel("ms: median, with the 5th and 95th percentile")
    return True


def _age_histograms(axes: Axes, result: Result) -> bool:
    found = [series for series in result.find("age") if series.samples]
    if not found:
        return False
    furthest = max(float(np.percentile(series.samples, 99.5)) for series in found)
    for series in found:
        axes.hist(
            series.samples, bins=BINS, range=(0, furthest), histtype="step", density=True, label=_labelled(series)
        )
    axes.legend(frameon=False)
    axes.set_xlabel("age of a frame at the sink, ms")
    axes.set_yticks([])
    return True


def _glass_histograms(axes: Axes, result: Result) -> bool:
    found = [series for series in result.find("glass_to_glass") if series.samples]
    for series in found:
        axes.hist(series.samples, bins=BINS, histtype="step", density=True, label=_labelled(series))
    axes.legend(frameon=False)
    axes.set_xlabel("age of a coded picture, ms")
    axes.set_yticks([])
    return bool(found)


def _front(axes: Axes, result: Result) -> bool:
    for series in result.find("l1"):
        frames = result.find("frame", **series.labels)
        if frames and frames[0].samples:
            place = (float(np.median(frames[0].samples)), float(np.mean(series.samples)))
            axes.plot(*place, "o")
            axes.annotate(series.labels["what"], place, (5, 4), textcoords="offset points")
        else:
            axes.axhline(float(np.mean(series.samples)), color="0.6", linestyle=":", label=series.labels["what"])
    axes.set_xlabel("ms per frame (less is better)")
    axes.set_ylabel("L1 (less is better)")
    axes.margins(0.3, 0.2)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False)
    return bool(result.find("l1"))


def _turns(axes: Axes, result: Result) -> bool:
    found = [series for series in result.find("frame") if series.samples]
    if not found:
        return False
    axes.boxplot([series.samples for series in found], orientation="horizontal", widths=0.6)
    axes.set_yticks(range(1, len(found) + 1), [series.labels["what"].replace(", ", ",\n") for series in found])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("ms per frame, logarithmic")
    return True


def _over_time(axes: Axes, result: Result) -> bool:
    for name in ("memory", "age_p95"):
        for series in result.find(name):
            axes.plot(series.samples, label=f"{name}, {series.unit}")
    axes.legend(frameon=False)
    axes.set_xlabel("intervals since the start")
    axes.set_ylim(bottom=0)
    return bool(result.find("memory"))


def _labelled(series: Series) -> str:
    return ", ".join(f"{name} {value}" for name, value in series.labels.items() if name in ("threads", "load", "where"))


_PLOTS: Mapping[Kind, Callable[[Axes, Result], bool]] = {
    "stages": _stage_bars,
    "live": _age_histograms,
    "glass": _glass_histograms,
    "peers": _turns,
    "quality": _front,
    "soak": _over_time,
}
