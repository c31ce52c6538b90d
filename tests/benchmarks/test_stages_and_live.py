"""`stages` and `live` measure what is there: a sleep put into one stage is found there, in the age, and by compare."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.injection import parse_delay
from benchmarks.schema import Result, write_result
from benchmarks.tracing import ANIMATOR_STAGES, STAGES
from realtime.errors import SettingsError
from realtime.faces.detector import FaceBox, FaceDetector
from realtime.frames import Pixels
from tests.benchmarks.conftest import Run

INJECTED_MS = 20


def _median(result: Result, name: str, **labels: str) -> float:
    (series,) = result.find(name, **labels)
    return float(np.median(series.samples))


def _least(result: Result, name: str) -> float:
    """The smallest sample, which a busy machine moves least."""
    return min(result.find(name)[0].samples)


@pytest.fixture
def stages(run: Run, parts: list[str]) -> Run:
    return lambda *more, exit_code=0: run(
        "stages", *parts, "--frames", "12", "--warm-up", "2", *more, exit_code=exit_code
    )


@pytest.fixture
def live(run: Run, parts: list[str]) -> Run:
    flags = ("--seconds", "1.5", "--warm-up", "0.3", "--threads", "1", "--load", "none")
    return lambda *more, exit_code=0: run("live", *parts, *flags, *more, exit_code=exit_code)


def test_stages_covers_every_step(stages: Run) -> None:
    result = stages()
    expected = {"decode", *ANIMATOR_STAGES, "canvas", "send"}
    assert {series.labels["stage"] for series in result.find("stage", phase="steady")} == expected
    assert all(len(series.samples) == 12 for series in result.find("stage", phase="steady"))
    assert all(len(series.samples) == 2 for series in result.find("stage", phase="warm-up"))
    assert len(result.find("portrait")[0].samples) > 0


def test_live_covers_every_step_of_the_age(live: Run) -> None:
    result = live()
    assert {series.labels["stage"] for series in result.find("stage")} == {"decode", *STAGES}
    assert 0 < _median(result, "rate") < 30  # the clip's is 25, and no machine is too slow for this test
    assert 0 < _median(result, "age") < 1000
    assert _median(result, "memory") > 10
    assert result.find("cpu") and result.find("dropped")
    # What the loop itself reports of the same run, warm-up included.
    assert _median(result, "age_p50_by_the_loop") == pytest.approx(_median(result, "age"), rel=0.5, abs=1)


def test_live_looks_for_faces_off_the_way_of_a_frame(live: Run, stages: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_detector: FaceDetector, pixels: Pixels, search_side_px: int = 0) -> tuple[FaceBox, ...]:
        time.sleep(INJECTED_MS / 1000)
        height, width = pixels.shape[:2]
        return (FaceBox(width / 4, height / 4, width / 2, height / 2, 1.0),)

    monkeypatch.setattr(FaceDetector, "detect", slow)
    beside, in_turn = live("--crop", "auto"), stages("--crop", "auto")
    (searches,) = in_turn.find("stage", phase="steady", stage="find")
    assert max(searches.samples) >= INJECTED_MS
    assert _median(beside, "stage", stage="find") < INJECTED_MS / 2
    assert np.quantile(beside.find("stage", stage="find")[0].samples, 0.9) < INJECTED_MS


@pytest.mark.parametrize("stage", ["decode", "transfer", "animate", "send"])
def test_stages_finds_an_injected_sleep(stage: str, stages: Run) -> None:
    before, after = stages(), stages("--inject", f"{stage}={INJECTED_MS}")
    grown = {
        series.labels["stage"]: _median(after, "stage", phase="steady", stage=series.labels["stage"])
        - _median(before, "stage", phase="steady", stage=series.labels["stage"])
        for series in before.find("stage", phase="steady")
    }
    assert max(grown, key=lambda name: grown[name]) == stage
    assert _median(after, "stage", phase="steady", stage=stage) >= INJECTED_MS
    # The decoder works ahead while its reader sleeps: on a busy machine it then takes less for itself.
    if stage != "decode":
        assert grown[stage] >= 0.9 * INJECTED_MS
        assert _median(after, "frame", phase="steady") - _median(before, "frame", phase="steady") >= 0.9 * INJECTED_MS


def test_live_finds_an_injected_sleep_in_the_stage_and_in_the_frame(live: Run) -> None:
    before, after = live(), live("--inject", f"keypoints={INJECTED_MS}")
    assert _median(after, "stage", stage="keypoints") >= INJECTED_MS
    assert _median(before, "stage", stage="keypoints") < INJECTED_MS
    # The age itself moves in steps of the output's period: 20 ms may vanish in the wait for the next tick.
    assert _least(after, "ready") - _least(before, "ready") >= 0.9 * INJECTED_MS
    assert _least(after, "age") >= INJECTED_MS
    # Most of the age is sleep here: the stages must account for it.
    assert _median(after, "explained") >= 90


def test_compare_finds_an_injected_sleep(stages: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = write_result(stages(), tmp_path)
    after = write_result(stages("--inject", f"animate={INJECTED_MS}"), tmp_path)
    capsys.readouterr()
    assert main(["compare", str(before), str(after)]) == 1
    worse = json.loads(capsys.readouterr().out.splitlines()[-1])["worse"]
    assert "stage phase=steady stage=animate" in worse and "frame phase=steady" in worse


def test_live_runs_beside_an_encoder(run: Run, parts: list[str]) -> None:
    flags = ("--seconds", "0.6", "--warm-up", "0.1", "--threads", "1", "2", "--load", "call")
    result = run("live", *parts, *flags)
    assert [series.labels for series in result.find("age")] == [
        {"load": "call", "threads": "1"},
        {"load": "call", "threads": "2"},
    ]
    assert all(_median(result, "call_encoder_rate", **series.labels) > 1 for series in result.find("age"))


@pytest.mark.parametrize("text", ["animate", "nothing=20", "animate=fast", "animate=-1", "=20"])
def test_what_cannot_be_injected_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="not a stage and milliseconds"):
        parse_delay(text)
