"""TensorRT's plans on disk: built once, and again when anything they depend on has changed or the file is damaged."""

import dataclasses
import logging
from pathlib import Path

import pytest

from realtime.engines.tensorrt_plans import PlanKey, open_plan, plan_folder

KEY = PlanKey("ab" * 32, "tensorrt 11.0.0", "NVIDIA RTX 4070", "8.9", "fp16")


class Builder:
    """Counts its calls; every plan is another."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> bytes:
        self.calls += 1
        return f"plan {self.calls}".encode()


def test_a_plan_is_built_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    build = Builder()
    assert [open_plan(tmp_path, KEY, "animate", build) for _ in range(3)] == [b"plan 1"] * 3
    assert build.calls == 1
    assert "building animate for NVIDIA RTX 4070 in fp16 (not in the cache)" in caplog.text
    assert "built animate in" in caplog.text


CHANGES = {
    "graph_sha256": "cd" * 32,
    "runtime": "tensorrt 11.0.1",
    "gpu": "NVIDIA RTX 5080",
    "compute_capability": "12.0",
    "precision": "fp32",
}


@pytest.mark.parametrize("field", CHANGES)
def test_whatever_it_depends_on_makes_another_plan(field: str, tmp_path: Path) -> None:
    build = Builder()
    open_plan(tmp_path, KEY, "animate", build)
    other = dataclasses.replace(KEY, **{field: CHANGES[field]})
    assert open_plan(tmp_path, other, "animate", build) == b"plan 2"
    assert open_plan(tmp_path, KEY, "animate", build) == b"plan 1"


def test_every_part_of_the_key_is_tried_above() -> None:
    assert set(CHANGES) == {field.name for field in dataclasses.fields(PlanKey)}


DAMAGES = {
    "truncated": ("animate.plan", lambda path: path.write_bytes(path.read_bytes()[:3]), "damaged in the cache"),
    "deleted": ("animate.plan", Path.unlink, "not in the cache"),
    "without record": ("animate.json", Path.unlink, "not in the cache"),
    "record cut off": ("animate.json", lambda path: path.write_text("{"), "record in the cache is damaged"),
    "record of another GPU": (
        "animate.json",
        lambda path: path.write_text(path.read_text().replace("RTX 4070", "RTX 5080")),
        "built for another GPU or runtime",
    ),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_plan_is_built_again_and_said(case: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    build = Builder()
    open_plan(tmp_path, KEY, "animate", build)
    name, damage, why = DAMAGES[case]
    damage(plan_folder(tmp_path, KEY) / name)
    caplog.clear()
    assert open_plan(tmp_path, KEY, "animate", build) == b"plan 2"
    assert why in caplog.text
    assert open_plan(tmp_path, KEY, "animate", build) == b"plan 2"


def test_a_build_that_fails_leaves_no_plan(tmp_path: Path) -> None:
    def broken() -> bytes:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        open_plan(tmp_path, KEY, "animate", broken)
    assert list(tmp_path.rglob("*.plan")) == []
