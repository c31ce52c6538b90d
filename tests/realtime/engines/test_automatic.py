"""Which engine a user gets: measured once, remembered, explained; and what is refused."""

import json
import logging
from pathlib import Path

import pytest

from realtime.bundle import Bundle
from realtime.engines.automatic import (
    EngineWish,
    candidates_for,
    candidates_for_all,
    choose,
    choose_engine,
    open_wished_engine,
    table,
)
from realtime.engines.trials import Trial, read_trials, record_path, write_trials
from realtime.errors import EngineError
from realtime.manifest import Parity

GOOD = Parity(largest_difference=0.0, keypoint_px=0.1, image_psnr_db=50.0)
WISH = EngineWish("onnx-cpu", threads=1)


def _trial(engine: str, frame_ms: float | None, complaint: str | None = None) -> Trial:
    return Trial(engine=engine, precision="fp32", frame_ms=frame_ms, parity=GOOD, complaint=complaint)


def test_the_fastest_without_complaint_is_chosen() -> None:
    trials = [_trial("a", 20.0), _trial("b", 10.0), _trial("c", 5.0, "picture at 12 dB")]
    assert choose(trials).engine == "b"


def test_no_usable_engine_is_an_error_with_every_reason() -> None:
    with pytest.raises(EngineError, match="a fp32: broken; b fp32: missing"):
        choose([_trial("a", None, "broken"), _trial("b", None, "missing")])


def test_a_single_refusal_keeps_its_own_advice() -> None:
    refused = Trial(engine="onnx-cuda", precision="fp32", complaint="no CUDA", hint="pip install onnxruntime-gpu")
    with pytest.raises(EngineError, match="onnx-cuda fp32: no CUDA") as refusal:
        choose([refused])
    assert refusal.value.hint == "pip install onnxruntime-gpu"


def test_the_table_runs_from_fast_to_useless() -> None:
    slow, fast, useless = _trial("slow", 20.0), _trial("fast", 10.0), _trial("useless", None, "picture at 12 dB")
    lines = table([slow, useless, fast], chosen=fast)
    assert [line.split()[0] for line in lines] == ["engine", "fast", "slow", "useless"]
    assert lines[1].endswith("<- chosen") and "picture at 12 dB" in lines[3]


def test_auto_measures_once_and_remembers(
    tiny_bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with open_wished_engine(EngineWish(threads=1), tiny_bundle, tmp_path) as first:
        assert first.name in ("onnx-cpu", "openvino-cpu")
    assert "measuring tiny with onnx-cpu fp32" in caplog.text and "<- chosen" in caplog.text
    assert caplog.text.count("overrule") == 1
    measured = read_trials(record_path(tmp_path, tiny_bundle, 1))
    assert {trial.engine for trial in measured} >= {"onnx-cpu", "openvino-cpu", "onnx-cuda"}
    caplog.clear()
    with open_wished_engine(EngineWish(threads=1), tiny_bundle, tmp_path) as second:
        assert (second.name, second.precision) == (first.name, first.precision)
    assert "measuring" not in caplog.text and "<- chosen" not in caplog.text
    assert caplog.text.count("overrule") == 1


def test_choosing_shows_what_it_measures_and_leaves_the_announcement_to_opening(
    tiny_bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    choose_engine(EngineWish(threads=1), tiny_bundle, tmp_path)
    assert "<- chosen" in caplog.text and "overrule" not in caplog.text


def test_a_choice_remembered_is_obeyed(tiny_bundle: Bundle, tmp_path: Path) -> None:
    path = record_path(tmp_path, tiny_bundle, 1)
    others = [Trial(engine=e, precision=p, complaint="not now") for e, p in candidates_for(EngineWish(), tiny_bundle)]
    write_trials(path, [*(t for t in others if t.engine != "onnx-cpu"), _trial("onnx-cpu", 1.0)])
    with open_wished_engine(EngineWish(threads=1), tiny_bundle, tmp_path) as engine:
        assert engine.name == "onnx-cpu"


@pytest.mark.parametrize("damage", ["", "{", '{"trials": [{"engine": 3}]}', '{"other": 1}'])
def test_a_damaged_record_is_said_and_made_again(
    damage: str, tiny_bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = record_path(tmp_path, tiny_bundle, 1)
    path.parent.mkdir(parents=True)
    path.write_text(damage)
    with open_wished_engine(EngineWish("onnx-cpu", "fp32", 1), tiny_bundle, tmp_path) as engine:
        assert engine.name == "onnx-cpu"
    assert "is damaged: measuring the engines again" in caplog.text
    assert json.loads(path.read_text())["trials"][0]["engine"] == "onnx-cpu"


def test_a_cache_that_cannot_be_written_is_said_and_does_not_stop_it(
    tiny_bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with open_wished_engine(EngineWish("onnx-cpu", "fp32", 1), tiny_bundle, tmp_path / "cache") as engine:
        assert engine.name == "onnx-cpu"
    assert "cannot be written" in caplog.text


def test_another_bundle_and_other_threads_have_records_of_their_own(tiny_bundle: Bundle, own_bundle: Path) -> None:
    from realtime.bundle import open_bundle

    manifest = own_bundle / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"tiny"', '"other"'))
    other = open_bundle(own_bundle)
    paths = {record_path(Path("c"), bundle, threads) for bundle in (tiny_bundle, other) for threads in (None, 1, 2)}
    assert len(paths) == 6


def test_an_engine_named_is_obeyed_in_the_precision_named(tiny_bundle: Bundle) -> None:
    assert candidates_for(EngineWish("onnx-cpu", "fp16"), tiny_bundle) == [("onnx-cpu", "fp16")]
    assert candidates_for(WISH, tiny_bundle) == [("onnx-cpu", "fp32")]


def test_auto_leaves_out_what_compiles_for_minutes_and_float16_without_arithmetic(tiny_bundle: Bundle) -> None:
    names = {name for name, _ in candidates_for(EngineWish(), tiny_bundle)}
    assert not names & {"torch-compile", "torch-tensorrt", "tensorrt", "onnx-tensorrt"}
    assert ("onnx-cpu", "fp16") not in candidates_for(EngineWish(), tiny_bundle)


def test_what_compiles_for_minutes_is_measured_where_it_is_named(tiny_bundle: Bundle) -> None:
    assert "torch-compile" not in {name for name, _ in candidates_for_all(tiny_bundle)}
    assert ("torch-compile", "fp32") in candidates_for_all(tiny_bundle, ["torch-compile"])


def test_a_precision_nobody_computes_is_refused(tiny_bundle: Bundle) -> None:
    with pytest.raises(EngineError, match="no installed engine computes"):
        candidates_for(EngineWish("auto", "int8"), tiny_bundle)


def test_an_engine_that_computes_something_else_is_refused(own_bundle: Path, tmp_path: Path) -> None:
    """The graph is whole by its hash and its shapes, and still not what torch computed."""
    import onnx

    from realtime.bundle import open_bundle, sha256_of

    before = open_bundle(own_bundle).graph("animate").sha256
    model = onnx.load(own_bundle / "animate.onnx")
    one = next(tensor for tensor in model.graph.initializer if tensor.name == "one")
    one.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(one) * 0 + 0.5, "one"))
    onnx.save(model, own_bundle / "animate.onnx")
    manifest = (own_bundle / "manifest.json").read_text().replace(before, sha256_of(own_bundle / "animate.onnx"))
    (own_bundle / "manifest.json").write_text(manifest)
    with pytest.raises(EngineError, match="onnx-cpu fp32: differs from torch"):
        open_wished_engine(EngineWish("onnx-cpu", "fp32"), open_bundle(own_bundle), tmp_path)
