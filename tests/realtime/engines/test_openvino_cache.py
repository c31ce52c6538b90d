"""Compiled graphs are read back, a damaged one is named and compiled anew, and opening brings no converter along."""

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from realtime.bundle import Bundle
from realtime.engines.catalogue import open_engine
from realtime.frames import Tensor
from tests.tiny_bundle import IMAGE

pytest.importorskip("openvino")


def _mean(bundle: Bundle, cache: Path) -> Tensor:
    """What the engine reads from one picture."""
    picture = np.linspace(0, 1, np.prod(IMAGE), dtype=np.float32).reshape(IMAGE)
    with open_engine("openvino-cpu", bundle, 1, cache=cache) as engine:
        found = engine.run("detect_keypoints", engine.upload({"image": picture}))
        return engine.download(found["mean"]).copy()


def _blobs(cache: Path) -> dict[Path, float]:
    return {path: path.stat().st_mtime_ns for path in (cache / "openvino").rglob("*.blob")}


def test_graphs_compiled_once_are_read_back(tiny_bundle: Bundle, tmp_path: Path) -> None:
    first = _mean(tiny_bundle, tmp_path)
    blobs = _blobs(tmp_path)
    np.testing.assert_array_equal(_mean(tiny_bundle, tmp_path), first)
    assert len(blobs) == 3 and _blobs(tmp_path) == blobs


@pytest.mark.parametrize("damage", ["torn", "changed", "emptied"])
def test_a_damaged_graph_is_named_and_compiled_anew(
    damage: str, tiny_bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = _mean(tiny_bundle, tmp_path)
    for blob in _blobs(tmp_path):
        content = blob.read_bytes()
        middle = len(content) // 2
        changed = (
            content[:middle] + bytes(255 - byte for byte in content[middle : middle + 64]) + content[middle + 64 :]
        )
        blob.chmod(0o600)
        blob.write_bytes({"torn": content[:middle], "changed": changed, "emptied": b""}[damage])
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(_mean(tiny_bundle, tmp_path), expected)
    assert all(f"{blob} is damaged" in caplog.text for blob in _blobs(tmp_path))
    caplog.clear()
    np.testing.assert_array_equal(_mean(tiny_bundle, tmp_path), expected)
    assert not caplog.text


def test_a_graph_that_was_left_unfinished_is_compiled_anew_without_a_word(
    tiny_bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = _mean(tiny_bundle, tmp_path)
    before = _blobs(tmp_path)
    for digest in tmp_path.rglob("*.sha256"):
        digest.unlink()
    np.testing.assert_array_equal(_mean(tiny_bundle, tmp_path), expected)
    after = _blobs(tmp_path)
    assert before.keys() == after.keys() and all(after[blob] > before[blob] for blob in before)
    assert not caplog.text


def test_a_file_in_the_caches_place_is_said(
    tiny_bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "openvino").write_text("no folder")
    _mean(tiny_bundle, tmp_path)
    assert "cannot be written" in caplog.text


def test_opening_brings_neither_the_converter_nor_its_telemetry() -> None:
    script = (
        "import sys, realtime.engines.openvino_engine; "
        "print(sorted(m for m in sys.modules if 'telemetry' in m or m.startswith('openvino.tools')))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
