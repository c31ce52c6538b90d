"""A result survives the file, and a file that is no result is refused by name."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.machine import describe_commit, describe_machine
from benchmarks.schema import Result, ResultError, Series, read_result, write_result
from tests.benchmarks.results import made_result

SERIES = Series(name="age", unit="ms", labels={"threads": "1"}, samples=(1.0, 2.5))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_a_result_is_read_as_it_was_written(samples: list[float]) -> None:
    result = made_result(SERIES.model_copy(update={"samples": tuple(samples)}))
    assert Result.model_validate_json(result.model_dump_json()) == result


def test_two_results_of_one_second_are_two_files(tmp_path: Path) -> None:
    paths = [write_result(made_result(SERIES), tmp_path) for _ in range(2)]
    assert len(set(paths)) == 2
    assert [read_result(path) for path in paths] == [made_result(SERIES)] * 2


@pytest.mark.parametrize(
    ("change", "field"),
    [({"schema_version": 2}, "schema_version"), ({"extra": 1}, "extra"), ({"kind": "guess"}, "kind")],
)
def test_a_foreign_file_is_refused_by_field(tmp_path: Path, change: dict[str, object], field: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(json.loads(made_result(SERIES).model_dump_json()) | change))
    with pytest.raises(ResultError, match=field):
        read_result(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"none\.json"):
        read_result(tmp_path / "none.json")


def test_a_sample_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValidationError, match="finite"):
        Series(name="age", unit="ms", samples=(float("nan"),))


def test_find_goes_by_name_and_labels() -> None:
    other = SERIES.model_copy(update={"labels": {"threads": "2"}})
    result = made_result(SERIES, other)
    assert result.find("age", threads="2") == (other,)
    assert result.find("age") == (SERIES, other)
    assert result.find("rate") == ()


def test_this_machine_and_commit_are_described() -> None:
    machine = describe_machine()
    assert machine.cpu and machine.cores >= 1 and machine.memory_mb > 100
    assert "numpy" in machine.libraries
    assert describe_commit()
