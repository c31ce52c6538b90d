"""The benchmark runs and its last line is the JSON others read; its figures are not judged here."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.peers import PeerComparison
from realtime.bundle import Bundle


def test_ratio_is_of_medians() -> None:
    comparison = PeerComparison(1, ours_ms=(10.0, 12.0, 11.0), paper_ms=(110.0, 100.0, 1000.0))
    assert comparison.ratio == 10.0
    low, high = comparison.ratio_quartiles
    assert low < 11 < high


def test_peers_prints_json_last(tiny_bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["peers", str(tiny_bundle.path), "--rounds", "1"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["rounds"] == 1 and figures["ours_ms"] > 0 and figures["ratio"] > 0


def test_missing_bundle_is_two_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["peers", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2
