"""Every kind without a file of its own here runs with a few frames and adds what it promises."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.schema import Result
from realtime.bundle import Bundle
from realtime.devices.cameras import open_recorded_camera
from realtime.devices.video_writer import VideoWriter
from realtime.frames import Size
from realtime.settings import DEFAULT_CLIP
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


def test_engines_measures_each_in_its_own_process(tiny_bundle: Bundle, run: Run) -> None:
    result = run("engines", tiny_bundle.path, "--engines", "onnx-cpu", "--threads", "1", "--seconds", "0.1")
    assert _labels(result, "frame", "precision") == ["fp32"]
    assert len(result.find("frame")[0].samples) >= 5
    assert result.find("psnr")[0].samples[0] > 60 and result.find("keypoints")[0].samples[0] < 0.01
    assert all(result.find(name)[0].samples[0] > 0 for name in ("opened", "memory", "size"))


def test_start_tells_a_cold_cache_from_a_warm_one(tiny_bundle: Bundle, picture: Path, clip: Path, run: Run) -> None:
    parts = ("--source", picture, "--driving", clip, "--crop", "none")
    result = run("start", tiny_bundle.path, *parts, "--engines", "onnx-cpu:fp32", "--rounds", "1")
    assert _labels(result, "one_frame", "cache") == ["cold", "warm"]
    imported = result.find("import")[0].samples[0]
    assert 0 < imported < min(series.samples[0] for series in result.find("one_frame"))


def test_a_run_that_fails_is_told_in_its_own_words(
    tiny_bundle: Bundle, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["start", str(tiny_bundle.path), "--source", str(tmp_path / "nobody.png"), "--driving", str(clip)]
    assert main([*words, "--engines", "onnx-cpu"]) == 2
    assert "nobody.png" in capsys.readouterr().err


def test_framing_measures_each_clip(run: Run, tmp_path: Path) -> None:
    shorten(DEFAULT_CLIP, tmp_path / "driver.mp4", frames=45)
    result = run("framing", "--clips", tmp_path)
    mean, p95 = (result.find(name)[0].samples for name in ("error_mean", "error_p95"))
    assert len(mean) == 1 and 0 < mean[0] <= p95[0]
    assert result.find("missed_frames")[0].samples == (0,)


def test_framing_without_a_face_is_said(run: Run, clip: Path) -> None:
    result = run("framing", "--clips", clip.parent)
    assert not result.find("error_mean") and "no face found" in result.notes[-1] and clip.stem in result.notes[-1]


def shorten(clip: Path, result: Path, frames: int) -> None:
    """The first frames of a clip, as a clip."""
    with open_recorded_camera(f"file:{clip}") as camera:
        taken = list(islice(camera.frames(), frames))
    height, width = taken[0].pixels.shape[:2]
    with VideoWriter(result, Size(width, height), camera.rate_hz) as writer:
        for frame in taken:
            writer.write(frame.pixels, frame.captured_at)
