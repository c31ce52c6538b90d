"""A lighter bundle beside the usual one: each animates what it encoded itself; the usual one alone finds keypoints."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.bundle import Bundle, open_bundle
from realtime.composition import LessWork, engine_for, governor_for
from realtime.engines import changing, lighter
from realtime.engines.automatic import EngineWish, choose_engine
from realtime.engines.catalogue import open_engine
from realtime.engines.lighter import LighterEngine, open_with_lighter
from realtime.errors import EngineError
from realtime.figures.dashboard import Dashboard
from realtime.frames import Keypoints, Motion
from realtime.governor import FewerFrames
from realtime.networks import Networks
from realtime.parts import EVERYTHING
from realtime.portraits.portrait import make_portrait
from realtime.settings import SHIPPED_BUNDLES, Settings
from tests.fakes import FakeEngine
from tests.tiny_bundle import SIZE

USUAL, LIGHTER = SHIPPED_BUNDLES


@pytest.mark.parametrize("name", ["onnx-cpu", "openvino-cpu"])
def test_each_bundle_animates_what_it_encoded_itself(name: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    alone = _pictures(open_engine(name, open_bundle(LIGHTER), threads=1), pixels, [None])[0]
    usual, small = (open_engine(name, open_bundle(path), threads=1) for path in SHIPPED_BUNDLES)
    both = LighterEngine(usual, small, "portrait-xs")
    before, between, after = _pictures(both, pixels, [False, True, False])
    assert np.array_equal(before, after) and np.array_equal(between, alone)
    assert 0 < np.square(before - between).mean() < 255**2 / 10**2.5  # 25 dB: noise is a hard portrait


def _pictures(engine: Any, pixels: Any, turns: list[bool | None]) -> list[Any]:
    with engine:
        networks = Networks(engine, lambda _name: nullcontext(), EVERYTHING)
        source = networks.encode(make_portrait("", pixels, 256, None, margin_px=open_bundle(USUAL).margin))
        moved = Keypoints(source.keypoints.mean + np.float32(0.05), source.keypoints.covariance)
        pictures = []
        for turn in turns:
            if turn is not None:
                engine.change(turn)
                assert engine.name.endswith("portrait-xs") == turn
            pictures.append(networks.animate(source, Motion(moved)).astype(np.float32))
        return pictures


def test_a_portrait_takes_the_memory_of_both(tiny_bundle: Bundle) -> None:
    pixels = np.zeros((tiny_bundle.image_size, tiny_bundle.image_size, 3), np.uint8)
    portrait = make_portrait("", pixels, tiny_bundle.image_size, None)

    def size_bytes(engine: Any) -> int:
        return Networks(engine, lambda _name: nullcontext(), EVERYTHING).encode(portrait).size_bytes

    features_bytes = 4 * 3 * tiny_bundle.image_size**2
    assert size_bytes(LighterEngine(FakeEngine(), FakeEngine(), "light")) == size_bytes(FakeEngine()) + features_bytes


def test_keypoints_are_found_by_the_usual_engine_alone() -> None:
    usual, light = FakeEngine(), FakeEngine()
    engine = LighterEngine(usual, light, "light")
    image = engine.upload({"image": np.zeros((1, 3, SIZE, SIZE), np.float32)})
    for is_light in (False, True):
        engine.change(is_light)
        encoded = engine.run("encode_source", image)
        engine.run("encode_source", image, into=encoded)
        points = engine.run("detect_keypoints", image)
        ends = {f"{end}_{name}": tensor for end in ("source", "driving") for name, tensor in points.items()}
        engine.run("animate", encoded | ends)
    assert usual.runs == ["encode_source", "encode_source", "detect_keypoints", "animate"] + 2 * ["encode_source"] + [
        "detect_keypoints"
    ]
    assert light.runs == 2 * ["encode_source"] + 2 * ["encode_source"] + ["animate"]
    engine.close()
    assert usual.closed == light.closed == 1


def test_the_governor_takes_the_precision_first_then_the_lighter_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(max_latency=0.08, engine="onnx-cpu", precision="fp32", threads=1, cache=tmp_path)
    bundle = open_bundle(USUAL)
    fastest = choose_engine(EngineWish("onnx-cpu", "int8", 1), bundle, tmp_path)
    monkeypatch.setattr(changing, "choose_engine", lambda *_: fastest)
    engine, savings = engine_for(settings, bundle)
    governor = governor_for(settings, Dashboard(), savings)
    assert governor is not None
    first, second, third, *_ = governor.savings
    assert isinstance(first, LessWork) and isinstance(second, LessWork) and isinstance(third, FewerFrames)
    assert (first.name, second.name) == ("onnx-cpu in int8", "animating with portrait-xs")
    seen = []
    for step in (first.begin, second.begin, second.end, first.end):
        step()
        seen.append((engine.name, engine.precision))
    light = engine._faster.precision  # type: ignore[attr-defined]
    in_turn = [("onnx-cpu", "int8"), ("onnx-cpu portrait-xs", light), ("onnx-cpu", "int8"), ("onnx-cpu", "fp32")]
    assert seen == in_turn
    engine.close()


def test_without_a_limit_one_engine_is_enough(tmp_path: Path) -> None:
    engine, savings = engine_for(Settings(engine="onnx-cpu", precision="fp32", cache=tmp_path), open_bundle(USUAL))
    with engine:
        assert not isinstance(engine, LighterEngine) and savings == []


def test_a_lighter_bundle_that_does_not_open_closes_the_usual_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = FakeEngine()

    def refuse(*_: object) -> None:
        raise EngineError("no", hint="none")

    monkeypatch.setattr(lighter, "open_wished_engine", refuse)
    with pytest.raises(EngineError):
        open_with_lighter(usual, open_bundle(LIGHTER), 1, tmp_path)
    assert usual.closed == 1
