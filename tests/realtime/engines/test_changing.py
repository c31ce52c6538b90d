"""Changing precision between two frames: the same picture, nearly, from what the other precision encoded."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime import composition
from realtime.bundle import open_bundle
from realtime.composition import LessWork, engine_for, governor_for
from realtime.engines import changing
from realtime.engines.automatic import EngineWish
from realtime.engines.catalogue import open_engine
from realtime.engines.changing import ChangingEngine, open_with_faster
from realtime.engines.trials import Trial
from realtime.errors import EngineError
from realtime.figures.dashboard import Dashboard
from realtime.frames import Keypoints, Motion
from realtime.governor import FewerFrames
from realtime.networks import Networks
from realtime.parts import EVERYTHING
from realtime.portraits.portrait import make_portrait
from realtime.settings import DEFAULT_BUNDLE, DEFAULT_SOURCE, Settings
from tests.fakes import FakeEngine


@pytest.mark.parametrize("name", ["onnx-cpu", "openvino-cpu"])
def test_a_portrait_encoded_in_one_precision_is_animated_in_the_other(name: str) -> None:
    bundle = open_bundle(DEFAULT_BUNDLE)
    usual, faster = (open_engine(f"{name}:{precision}", bundle, threads=1) for precision in ("fp32", "int8"))
    # A face: int8 is calibrated on faces, and what it makes of noise is nobody's concern.
    shown = cv2.imread(str(DEFAULT_SOURCE), cv2.IMREAD_COLOR_RGB)
    assert shown is not None
    pixels = cv2.resize(shown, (bundle.image_size, bundle.image_size)).astype(np.uint8, copy=False)
    with ChangingEngine(usual, faster) as engine:
        networks = Networks(engine, lambda _name: nullcontext(), EVERYTHING)
        source = networks.encode(make_portrait("", pixels, bundle.image_size, None, margin_px=bundle.margin))
        moved = Keypoints(source.keypoints.mean + np.float32(0.05), source.keypoints.covariance)
        pictures = []
        for in_time_of_need in (False, True, False):
            engine.change(in_time_of_need)
            assert engine.precision == ("int8" if in_time_of_need else "fp32")
            pictures.append(networks.animate(source, Motion(moved)).astype(np.float32))
        found = networks.detect(pixels)
    before, between, after = pictures
    assert np.array_equal(before, after)
    assert 0 < np.square(before - between).mean() < 255**2 / 10**3.4  # 34 dB
    assert np.abs(found.mean - source.keypoints.mean).max() < 1e-6


def _engine(name: str, precision: Any) -> FakeEngine:
    engine = FakeEngine()
    engine.name, engine.precision = name, precision
    return engine


def test_the_governor_begins_with_the_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[FakeEngine] = []

    def open_fake(name: str, _bundle: object, _threads: object, precision: Any, _cache: object) -> FakeEngine:
        opened.append(_engine(name, precision))
        return opened[-1]

    monkeypatch.setattr(changing, "open_wished_engine", lambda *_: open_fake("some-cpu", None, None, "bf16", None))
    monkeypatch.setattr(changing, "open_engine", open_fake)
    monkeypatch.setattr(changing, "choose_engine", lambda *_: Trial(engine="some-cpu", precision="int8"))
    monkeypatch.setattr(composition, "lighter_sibling", lambda _bundle: None)
    settings = Settings(max_latency=0.08, engine="some-cpu", precision="bf16", cache=tmp_path)
    engine, savings = engine_for(settings, open_bundle(DEFAULT_BUNDLE))
    governor = governor_for(settings, Dashboard(), savings)
    assert governor is not None
    first, second, *_ = governor.savings
    assert isinstance(first, LessWork) and first.name == "some-cpu in int8"
    assert isinstance(second, FewerFrames)
    seen: list[str] = []
    for step in (first.begin, first.end):
        step()
        seen.append(engine.precision)
    assert seen == ["int8", "bf16"]
    engine.close()
    assert [fake.closed for fake in opened] == [1, 1]


def test_the_fastest_precision_needs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "open_wished_engine", lambda *_: _engine("some-cpu", "int8"))
    monkeypatch.setattr(changing, "choose_engine", lambda *_: Trial(engine="some-cpu", precision="int8"))
    engine = open_with_faster(EngineWish("some-cpu"), open_bundle(DEFAULT_BUNDLE), tmp_path)
    assert not isinstance(engine, ChangingEngine) and engine.precision == "int8"


def test_a_second_precision_that_does_not_open_closes_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = _engine("some-cpu", "fp32")

    def refuse(*_: object) -> None:
        raise EngineError("no", hint="none")

    monkeypatch.setattr(changing, "open_wished_engine", lambda *_: usual)
    monkeypatch.setattr(changing, "choose_engine", lambda *_: Trial(engine="some-cpu", precision="int8"))
    monkeypatch.setattr(changing, "open_engine", refuse)
    with pytest.raises(EngineError):
        open_with_faster(EngineWish("some-cpu"), open_bundle(DEFAULT_BUNDLE), tmp_path)
    assert usual.closed == 1
