"""`quality`, `train`, `scale` and `soak` run with a few frames and add what they promise."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.schema import Result
from realtime.bundle import Bundle
from tests.benchmarks.conftest import Run


def _labels(result: Result, name: str, label: str) -> list[str]:
    return [series.labels[label] for series in result.find(name)]


def test_quality_weighs_error_against_time(tiny_bundle: Bundle, clip: Path, run: Run) -> None:
    flags = ("--clips", clip.parent, "--every", "5", "--rounds", "2")
    result = run("quality", tiny_bundle.path, *flags)
    bundle, copy = _labels(result, "l1", "what")
    assert bundle == f"{tiny_bundle.path.name} on onnx-cpu" and copy == "copy of the source"
    assert _labels(result, "frame", "what") == [bundle]
    assert all(series.samples[0] > 0 for series in result.find("l1"))
    assert len(result.find("psnr")) == 2


def test_train_tells_rates_by_precision(run: Run) -> None:
    flags = ("--presets", "live-xs", "--sizes", "64", "--batch", "2", "--steps", "2", "--warm-up", "1")
    result = run("train", *flags)
    assert _labels(result, "training_rate", "precision") == ["bf16", "fp32"]
    assert all(len(series.samples) == 2 and min(series.samples) > 0 for series in result.find("training_rate"))
    assert all(0 <= series.samples[0] <= 100 for series in result.find("waiting"))


def test_scale_counts_portraits_animators_and_sinks(tiny_bundle: Bundle, run: Run) -> None:
    counts = ("--portraits", "1", "3", "--animators", "1", "2", "--sinks", "1", "2", "--seconds", "0.6")
    result = run("scale", tiny_bundle.path, "--what", "portraits", "animators", "sinks", *counts)
    assert _labels(result, "kept_memory", "portraits") == ["1", "3"]
    assert len(result.find("encode")[0].samples) == 3
    one, three = (series.samples[0] for series in result.find("accounted_memory"))
    assert three == pytest.approx(3 * one, rel=0.01)
    assert all(series.samples[0] > 0 for series in result.find("animated_rate"))
    assert _labels(result, "age", "sinks") == ["1", "2"]


def test_scale_exports_a_preset_at_each_size(tiny_bundle: Bundle, run: Run) -> None:
    flags = ("--what", "size", "--preset", "live-xs", "--sizes", "128", "--rounds", "2")
    result = run("scale", tiny_bundle.path, *flags)
    assert _labels(result, "frame", "size") == ["128"]
    assert len(result.find("frame")[0].samples) == 2


def test_soak_samples_at_intervals(parts: list[str], run: Run) -> None:
    result = run("soak", *parts, "--minutes", "0.04", "--every", "0.3")
    names = ("rate", "output_rate", "cpu", "age_p50", "age_p95", "memory", "open_files")
    counts = {len(result.find(name)[0].samples) for name in names}
    assert len(counts) == 1 and min(counts) >= 5
    assert np.median(result.find("output_rate")[0].samples) == pytest.approx(25, rel=0.2)
    assert abs(result.find("open_files_growth")[0].samples[0]) <= 2
