"""Which bundle animates: the one named, else the finest that is fast enough here; and which one is lighter."""

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from realtime import bundle_choice
from realtime.bundle import Bundle, open_bundle
from realtime.bundle_choice import chosen_bundle, lighter_sibling
from realtime.engines.trials import Trial
from realtime.settings import SHIPPED_BUNDLES, Settings
from tests.tiny_bundle import write_tiny_bundle


@pytest.fixture
def shipped(tmp_path: Path) -> tuple[Path, Path]:
    fine, small = write_tiny_bundle(tmp_path / "fine"), write_tiny_bundle(tmp_path / "small")
    for folder in (fine, small):
        _change(folder, name=folder.name)
    return fine, small


def _change(folder: Path, **values: str) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | values))


def _measuring(monkeypatch: pytest.MonkeyPatch, times_ms: dict[str, float]) -> list[str]:
    measured: list[str] = []

    def measure(_wish: object, bundle: Bundle, _cache: object, timed: bool) -> Trial:
        assert timed
        measured.append(bundle.manifest.name)
        return Trial(engine="onnx-cpu", precision="fp32", frame_ms=times_ms[bundle.manifest.name])

    monkeypatch.setattr(bundle_choice, "choose_engine", measure)
    return measured


@pytest.mark.parametrize(
    ("fine_ms", "small_ms", "rate_hz", "chosen", "looked_at"),
    [
        (20.0, 5.0, 30, "fine", ["fine"]),  # fast enough: the small one is not even measured
        (31.0, 15.0, 30, "small", ["fine", "small"]),
        (31.0, 15.0, 25, "fine", ["fine"]),
        (80.0, 40.0, 30, "small", ["fine", "small"]),  # none is fast enough: the fastest
        (40.0, 80.0, 30, "fine", ["fine", "small"]),
    ],
)
def test_the_finest_that_keeps_up_with_the_camera(
    shipped: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    fine_ms: float,
    small_ms: float,
    rate_hz: float,
    chosen: str,
    looked_at: list[str],
) -> None:
    caplog.set_level(logging.INFO)
    measured = _measuring(monkeypatch, {"fine": fine_ms, "small": small_ms})
    assert chosen_bundle(Settings(camera_rate=rate_hz), shipped).manifest.name == chosen
    assert measured == looked_at
    told = f"animating with {chosen}"
    assert (told in caplog.text and "overrules" in caplog.text) == (len(looked_at) > 1)


def test_a_bundle_named_is_obeyed_and_offline_takes_the_finest(
    shipped: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = _measuring(monkeypatch, {})
    fine, small = shipped
    assert chosen_bundle(Settings(bundle=small), shipped).path == small
    assert chosen_bundle(Settings(offline=True), shipped).path == fine
    assert measured == []


def test_the_lighter_sibling_finds_the_same_keypoints_with_less() -> None:
    usual, small = map(open_bundle, SHIPPED_BUNDLES)
    found = lighter_sibling(usual)
    assert found is not None and found.path == small.path
    assert lighter_sibling(small) is None


def test_a_bundle_alone_or_beside_strangers_has_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    usual = shutil.copytree(SHIPPED_BUNDLES[0], tmp_path / "usual")
    assert lighter_sibling(open_bundle(usual)) is None
    write_tiny_bundle(tmp_path / "stranger")
    broken = shutil.copytree(SHIPPED_BUNDLES[1], tmp_path / "broken")
    (broken / "animate.fp32.onnx").write_bytes(b"")
    assert lighter_sibling(open_bundle(usual)) is None
    assert "animate.fp32.onnx" in caplog.text


def test_a_sibling_that_takes_another_margin_is_none() -> None:
    usual = open_bundle(SHIPPED_BUNDLES[0])
    other = replace(usual, manifest=usual.manifest.model_copy(update={"margin": usual.margin + 8}))
    assert lighter_sibling(other) is None
