"""Running a benchmark in a test: a few frames, the smallest parts."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.schema import Result
from realtime.bundle import Bundle

Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `python -m benchmarks` with these words, and reads the last line it prints."""

    def run(*words: str | Path, exit_code: int = 0) -> Result:
        assert main([str(word) for word in words]) == exit_code
        last = capsys.readouterr().out.splitlines()[-1]
        assert json.loads(last)["schema_version"] == 1
        return Result.model_validate_json(last)

    return run


@pytest.fixture
def parts(tiny_bundle: Bundle, picture: Path, clip: Path) -> list[str]:
    """The bundle and the flags of `stages`, `live` and `glass` for a run without a face."""
    return [str(tiny_bundle.path), "--source", str(picture), "--camera", f"file:{clip}", "--crop", "none"]
