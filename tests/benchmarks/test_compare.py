"""What compare calls worse, and what it leaves alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.compare import compare
from benchmarks.schema import Result, Series, write_result
from tests.benchmarks.results import made_result


def _samples(around: float, spread: float = 0.5, seed: int = 0, count: int = 60) -> tuple[float, ...]:
    return tuple(float(value) for value in np.random.default_rng(seed).normal(around, spread, count))


def _stage(around: float, seed: int, better: str = "lower", unit: str = "ms") -> Series:
    return Series.model_validate(
        {"name": "stage", "unit": unit, "better": better, "samples": _samples(around, seed=seed)}
    )


def _turns(slowness: float, load: float, seed: int) -> Result:
    paper = Series(name="frame", unit="ms", labels={"what": "paper"}, rounds="frames", samples=_samples(500 * load))
    ours = Series(
        name="frame", unit="ms", labels={"what": "ours"}, rounds="frames", samples=_samples(30 * slowness * load)
    )
    return made_result(paper, ours, kind="peers", minute=seed)


def _exit_code(tmp_path: Path, before: Result, after: Result, *flags: str) -> int:
    folder = tmp_path / "results"
    return main(["compare", str(write_result(before, folder)), str(write_result(after, folder)), *flags])


@pytest.mark.parametrize(
    ("after", "better", "verdict"),
    [(30.2, "lower", ""), (40.0, "lower", "worse"), (20.0, "lower", "better"), (40.0, "higher", "better")],
)
def test_verdicts(after: float, better: str, verdict: str) -> None:
    before, changed = made_result(_stage(30.0, 1, better)), made_result(_stage(after, 2, better))
    assert [found.verdict for found in compare(before, changed)] == [verdict]


def test_a_change_too_small_to_matter_is_no_regression() -> None:
    before = made_result(Series(name="crop", unit="ms", samples=_samples(0.02, 0.001)))
    after = made_result(Series(name="crop", unit="ms", samples=_samples(0.04, 0.001)))
    assert compare(before, after)[0].verdict == ""


def test_a_regression_is_exit_code_1_and_named_in_the_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_code(tmp_path, made_result(_stage(30, 1)), made_result(_stage(50, 2))) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["worse"] == ["stage"]


def test_a_better_and_an_equal_run_are_exit_code_0(tmp_path: Path) -> None:
    assert _exit_code(tmp_path, made_result(_stage(30, 1)), made_result(_stage(20, 2))) == 0
    assert _exit_code(tmp_path, made_result(_stage(30, 1)), made_result(_stage(30, 2))) == 0


def test_of_those_that_took_turns_only_the_ratio_is_judged(tmp_path: Path) -> None:
    assert _exit_code(tmp_path, _turns(1.0, load=1, seed=0), _turns(1.0, load=2, seed=1)) == 0
    assert _exit_code(tmp_path, _turns(1.0, load=1, seed=2), _turns(1.5, load=1, seed=3)) == 1


def test_another_machine_needs_to_be_meant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = made_result(_stage(30, 1)), made_result(_stage(50, 2), cpu="Other CPU")
    assert _exit_code(tmp_path, before, after) == 2
    assert "different machines" in capsys.readouterr().err
    assert _exit_code(tmp_path, before, after, "--across-machines") == 1


@pytest.mark.parametrize("kind", ["live", "stages"])
def test_what_cannot_be_compared_is_two_lines(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = made_result(_stage(30, 1).model_copy(update={"name": "other"})).model_copy(update={"kind": kind})
    assert _exit_code(tmp_path, made_result(_stage(30, 1)), other) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2
