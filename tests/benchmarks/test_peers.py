"""`peers`: everyone takes part in every round, and other programs are run as they are told."""

import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.whole_process import PeerError, parse_program
from realtime.bundle import Bundle
from tests.benchmarks.conftest import Run

COPY = (
    f"{sys.executable} -c 'import shutil, sys; shutil.copy(sys.argv[2], sys.argv[3])' {{source}} {{driving}} {{result}}"
)


def test_everyone_takes_part_in_every_round(tiny_bundle: Bundle, clip: Path, run: Run) -> None:
    flags = ("--rounds", "2", "--warm-up", "0", "--clip-rounds", "1", "--driving", str(clip), "--peer", f"copy={COPY}")
    result = run("peers", tiny_bundle.path, *flags, "--presets", "live-xs")
    contestants = [series.labels["what"] for series in result.find("frame")]
    assert contestants[0] == "paper-256 in eager torch, source encoded for every frame"
    assert contestants[1] == "paper-256 in eager torch, source cached"
    assert contestants[2:] == [f"{tiny_bundle.path.name} on onnx-cpu", "live-xs, untrained, on onnx-cpu"]
    assert all(len(series.samples) == 2 and series.rounds == "frames" for series in result.find("frame"))
    assert [series.labels["what"] for series in result.find("clip")] == ["marionet", "copy"]
    assert all(series.samples[0] > 0 and series.rounds == "clips" for series in result.find("clip"))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("{python} -c 'raise SystemExit(\"no weights\")' {{source}} {{driving}} {{result}}", "no weights"),
        ("{python} -c pass {{source}} {{driving}} {{result}}", "wrote no video"),
        ("no-such-program {{source}} {{driving}} {{result}}", "cannot be started"),
    ],
)
def test_a_program_that_fails_is_an_error(command: str, said: str, tmp_path: Path) -> None:
    program = parse_program("other=" + command.format(python=sys.executable))
    with pytest.raises(PeerError, match=said):
        program.seconds(tmp_path / "source.png", tmp_path / "driving.mp4", tmp_path / "result.mp4")


def test_a_failing_program_does_not_lose_the_frames(
    tiny_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peer = f"broken={sys.executable} -c raise {{source}} {{driving}} {{result}}"
    words = ["peers", str(tiny_bundle.path), "--rounds", "1", "--warm-up", "0", "--peer", peer]
    assert main([*words, "--save-to", str(tmp_path)]) == 2
    assert "broken" in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 1
