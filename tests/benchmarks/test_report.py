"""The document says what the results say, is the same each time, and shows nothing that was not measured whole."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.schema import Kind, Result, Series, write_result
from benchmarks.tables import figure, table
from tests.benchmarks.results import made_result

SAMPLES = tuple(10.0 + index % 5 for index in range(60))


def _series(name: str, unit: str = "ms", rounds: str | None = None, scale: float = 1.0, **labels: str) -> Series:
    samples = [scale * sample for sample in SAMPLES]
    return Series.model_validate({"name": name, "unit": unit, "labels": labels, "rounds": rounds, "samples": samples})


ONE_OF_EACH: dict[Kind, tuple[Series, ...]] = {
    "stages": (
        _series("frame", phase="steady"),
        _series("stage", stage="animate", phase="steady", scale=0.5),
        _series("graph", "count", graph="animate", scale=1e8),
    ),
    "live": (
        _series("age", threads="1", load="none"),
        _series("age", threads="1", load="call", scale=2),
        _series("stage", stage="animate", threads="1", load="none", scale=0.7),
    ),
    "glass": (_series("glass_to_glass", where="at the sink"),),
    "peers": (
        _series("frame", rounds="frames", what="paper", scale=10),
        _series("frame", rounds="frames", what="ours"),
    ),
    "quality": (
        _series("l1", "l1", what="ours", scale=0.01),
        _series("l1", "l1", what="copy", scale=0.02),
        _series("frame", rounds="frames", what="ours"),
    ),
    "train": (_series("training_rate", "1/s", preset="live-s", size="128"),),
    "scale": (_series("kept_memory", "MB", portraits="4"), _series("age", sinks="2")),
    "soak": (_series("memory", "MB"), _series("age_p95")),
    "engines": (
        _series("frame", engine="onnx-cpu", precision="int8", threads="1"),
        _series("frame", engine="onnx-cpu", precision="int8", threads="2", scale=0.6),
        _series("psnr", "dB", engine="onnx-cpu", precision="int8", threads="1", scale=4),
    ),
    "start": (
        _series("import", "s", scale=0.03),
        _series("one_frame", "s", engine="auto", cache="warm", scale=0.1),
    ),
    "framing": (_series("jitter", "px", scale=0.02),),
}


def _report(results: list[Result], folder: Path) -> str:
    for result in results:
        write_result(result, folder / "results")
    document = folder / "docs" / "benchmarks.md"
    assert main(["report", "--results", str(folder / "results"), "--out", str(document)]) == 0
    return document.read_text()


def test_every_kind_has_its_tables_and_plots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = _report([made_result(*series, kind=kind) for kind, series in ONE_OF_EACH.items()], tmp_path)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["results"] == len(ONE_OF_EACH)
    for row in (
        "| animate | 6.00 | 7.00 | 7.00 | 50.0 % | – |",
        "| `animate` | 1.00 | – | – |",
        "| 1 | call | 24.0 | 28.0 | 28.0 |",
        "| at the sink | 12.0 | 14.0 | 14.0 | 60 |",
        "| ours | 12.0 | 14.0 | 10.00× (10.00 to 10.00) | 60 |",
        "| ours | 0.1200 | – | – | 12.0 | 60 |",
        "| live-s | 128 | 12.0 | – |",
        "| 4 | 12.0 | 14.0 | 14.0 |",
        "| onnx-cpu | int8 | 12.0, 14.0 | 7.20, 8.40 | 48.0 | – | – | – | – |",
        "| importing run_live |  | 0.360 | 0.420 | 60 |",
        "| auto | warm | 1.20 | 1.40 | 60 |",
        "| jitter, px of the model's picture | 0.240 | 0.280 | 60 |",
    ):
        assert row in text, row
    assert all(f"`python -m benchmarks {kind}`" in text for kind in ONE_OF_EACH)
    plots = list((tmp_path / "docs" / "benchmarks").glob("*.svg"))
    assert {plot.name.partition("-")[0] for plot in plots} == {"stages", "live", "glass", "peers", "quality", "soak"}
    assert all(f"(benchmarks/{plot.name})" in text for plot in plots)
    assert sum(plot.stat().st_size for plot in plots) < 200_000


def test_the_table_of_engines_is_renewed_in_its_own_document(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    document = tmp_path / "docs" / "engines.md"
    document.write_text("Before.\n<!-- table: begin -->\nold\n<!-- table: end -->\nAfter.\n")
    _report([made_result(*ONE_OF_EACH["live"], kind="live")], tmp_path)
    assert "\nold\n" in document.read_text()
    _report([made_result(*ONE_OF_EACH["engines"], kind="engines")], tmp_path)
    text = document.read_text()
    assert text.startswith("Before.\n<!-- table: begin -->\nTest CPU") and text.endswith(
        "<!-- table: end -->\nAfter.\n"
    )
    assert "| onnx-cpu | int8 | 12.0, 14.0 | 7.20, 8.40 |" in text and "old" not in text
    both = [made_result(*ONE_OF_EACH["engines"], kind="engines", cpu=cpu) for cpu in ("Test CPU", "Other CPU")]
    _report(both, tmp_path)
    text = document.read_text()
    assert text.count("| onnx-cpu | int8 |") == 2 and "Test CPU" in text and "Other CPU" in text


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    results = [made_result(*ONE_OF_EACH["live"], kind="live")]
    for name in ("one", "other"):
        _report(results, tmp_path / name)
    one, other = (
        [path.read_bytes() for path in sorted((tmp_path / name / "docs").rglob("*.*"))] for name in ("one", "other")
    )
    assert len(one) == 2 and one == other


def test_the_newest_whole_run_is_shown_and_all_tell_the_spread(tmp_path: Path) -> None:
    def peers(minute: int, slowness: float, complete: bool = True) -> Result:
        paper = _series("frame", rounds="frames", what="paper", scale=10 * slowness)
        result = made_result(paper, _series("frame", rounds="frames", what="ours"), kind="peers", minute=minute)
        return result.model_copy(update={"complete": complete})

    of_other_code = peers(0, 2.0).model_copy(update={"commit": "another"})
    text = _report([of_other_code, peers(1, 1.0), peers(2, 1.1), peers(3, 9.0, complete=False)], tmp_path)
    assert "11.00× (11.00 to 11.00)" in text
    assert "| ours | 10.00, 11.00 | 10.0 % |" in text
    assert "90.00" not in text


def test_machines_are_told_apart_by_what_they_compute_with(tmp_path: Path) -> None:
    here = made_result(_series("frame", phase="steady"), minute=1)
    further = [made_result(_series("frame", phase="steady"), minute=minute) for minute in (2, 3)]
    plain = here.model_copy(update={"machine": here.machine.model_copy(update={"features": ("sse2",)})})
    text = _report([plain, *further], tmp_path)
    both = [line for line in text.splitlines() if line.startswith("# On ")]
    assert len(both) == 2 and both[1].endswith("(sse2)")
    assert text.count("## What a frame is made of") == 2


def test_an_injected_delay_is_shown_as_what_compare_found(tmp_path: Path) -> None:
    plain = made_result(_series("stage", stage="animate", phase="steady"))
    slowed = made_result(_series("stage", stage="animate", phase="steady", scale=3), minute=1)
    slowed = slowed.model_copy(
        update={"command": f"{plain.command} --inject animate=24", "settings": {"inject": "animate=24"}}
    )
    text = _report([plain, slowed], tmp_path)
    assert "| stages | `animate=24` | stage phase=steady stage=animate +24.0 ms |" in text


def test_no_results_is_two_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--results", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (0.001234, "0.00123"), (1.5, "1.50"), (62.78, "62.8"), (1234.5, "1234"), (-3.0, "-3.00")],
)
def test_figures_have_three_digits(value: float, shown: str) -> None:
    assert figure(value) == shown


def test_a_table_without_rows_is_nothing() -> None:
    assert table(["a"], []) == []
