"""The command line: what is saved, what is kept when a run ends early, and errors in two lines."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.machine import ROOT
from benchmarks.schema import YARDSTICK, Result, read_result
from tests.benchmarks.conftest import Run


def test_a_result_is_saved_where_asked(run: Run, parts: list[str], tmp_path: Path) -> None:
    printed = run("stages", *parts, "--frames", "3", "--warm-up", "1", "--save-to", tmp_path)
    (path,) = tmp_path.iterdir()
    saved = read_result(path)
    assert saved == printed
    assert saved.complete
    assert "--save-to" not in saved.command and saved.command.startswith("python -m benchmarks stages")
    assert saved.settings["frames"] == 3
    assert len(saved.find(YARDSTICK)[0].samples) > 5


def test_settings_tell_no_folder_outside_the_project(run: Run, parts: list[str]) -> None:
    result = run("stages", *parts, "--frames", "2", "--warm-up", "0")
    assert result.settings["bundle"] == Path(parts[0]).name


def test_ctrl_c_keeps_what_was_measured(parts: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "stages", *parts, "--frames", "100000", "--save-to", str(tmp_path)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background, a shell has made every child deaf to this signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        try:
            assert process.stderr
            while "Frames" not in process.stderr.readline():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            printed, _ = process.communicate(timeout=60)
        finally:
            process.kill()  # or the block would wait for all the frames
    assert process.returncode == 130
    result = Result.model_validate_json(printed.splitlines()[-1])
    assert not result.complete
    # Measured before the first frame, however slow the machine.
    assert len(result.find("portrait")[0].samples) > 0
    (path,) = tmp_path.iterdir()
    assert read_result(path) == result


@pytest.mark.parametrize(
    "words",
    [
        ["guess"],
        ["stages", "--frames", "many"],
        ["stages", "no-such-bundle"],
        ["live", "--inject", "animate"],
        ["compare", "none.json", "none.json"],
        ["peers", "--presets", "live-xxl"],
        ["peers", "--peer", "nothing"],
    ],
)
def test_errors_are_two_lines(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2
