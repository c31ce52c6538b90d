"""What every engine must do. A new engine joins by a line in ENGINES."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from realtime.bundle import KEYPOINT_INPUTS, Bundle
from realtime.engines.base import DeviceTensors, Engine
from realtime.engines.catalogue import open_engine
from realtime.errors import EngineError
from realtime.frames import Tensor
from tests.fakes import FakeEngine

ENGINES: dict[str, Callable[[Bundle], Engine]] = {
    "fake": lambda _bundle: FakeEngine(),
    "onnx-cpu": lambda bundle: open_engine("onnx-cpu", bundle, threads=1),
}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tiny_bundle: Bundle) -> Iterator[Engine]:
    with ENGINES[request.param](tiny_bundle) as opened:
        yield opened


def _image(seed: int = 0) -> Tensor:
    return np.random.default_rng(seed).random((1, 3, 64, 64), np.float32)


def _inputs(engine: Engine, image: Tensor, move: float) -> DeviceTensors:
    mean = np.zeros((1, 3, 2), np.float32)
    covariance = np.tile(np.eye(2, dtype=np.float32), (1, 3, 1, 1))
    arrays = dict(zip(KEYPOINT_INPUTS, (mean, covariance, mean + np.float32(move), covariance), strict=True))
    return engine.run("encode_source", engine.upload({"image": image})) | engine.upload(arrays)


def test_it_has_a_name(engine: Engine) -> None:
    assert engine.name in ENGINES


def test_upload_and_download_are_inverse(engine: Engine) -> None:
    image = _image()
    assert np.array_equal(engine.download(engine.upload({"image": image})["image"]), image)


def test_keypoints_are_at_the_centre_of_brightness(engine: Engine) -> None:
    image = np.zeros((1, 3, 64, 64), np.float32)
    image[:, :, 63, 0] = 1  # bottom left: x = -1, y = 1
    found = engine.run("detect_keypoints", engine.upload({"image": image}))
    assert set(found) == {"mean", "covariance"}
    np.testing.assert_allclose(engine.download(found["mean"]), [[[-1, 1]] * 3], atol=1e-4)


def test_tensors_stay_on_the_device_between_graphs(engine: Engine) -> None:
    image = 0.5 * _image()
    result = engine.run("animate", _inputs(engine, image, move=0.5))
    np.testing.assert_allclose(engine.download(result["image"]), image * 1.5, atol=1e-6)


def test_results_do_not_touch_each_other(engine: Engine) -> None:
    first = engine.run("encode_source", engine.upload({"image": _image(1)}))
    engine.run("encode_source", engine.upload({"image": _image(2)}))
    assert np.array_equal(engine.download(first["source_picture"]), _image(1))


def test_an_earlier_result_is_overwritten_when_handed_back(engine: Engine) -> None:
    image = 0.5 * _image()
    earlier = engine.run("animate", _inputs(engine, image, move=0.0))
    result = engine.run("animate", _inputs(engine, image, move=0.25), into=earlier)
    np.testing.assert_allclose(engine.download(result["image"]), image * 1.25, atol=1e-6)
    assert result is earlier


def test_closing_twice_is_safe_and_ends_it(engine: Engine) -> None:
    engine.close()
    engine.close()
    with pytest.raises((EngineError, KeyError)):
        engine.run("animate", {})


def test_a_missing_input_is_named(tiny_bundle: Bundle) -> None:
    with open_engine("onnx-cpu", tiny_bundle) as engine, pytest.raises(EngineError, match="animate: input 'source_"):
        engine.run("animate", {})


def test_an_input_of_the_wrong_shape_is_refused(tiny_bundle: Bundle) -> None:
    with open_engine("onnx-cpu", tiny_bundle) as engine, pytest.raises(EngineError, match="detect_keypoints"):
        engine.run("detect_keypoints", engine.upload({"image": np.zeros((1, 3, 8, 8), np.float32)}))


def test_an_unknown_engine_is_refused_with_the_choices(tiny_bundle: Bundle) -> None:
    with pytest.raises(EngineError, match="unknown engine 'warp'") as refusal:
        open_engine("warp", tiny_bundle)
    assert "onnx-cpu" in refusal.value.hint


def test_a_provider_that_is_not_there_is_refused(tiny_bundle: Bundle) -> None:
    from realtime.engines.onnx_engine import OnnxEngine

    with pytest.raises(EngineError, match="asked for NoSuchExecutionProvider"):
        OnnxEngine("onnx-none", tiny_bundle, "NoSuchExecutionProvider")


def test_a_silent_fallback_is_an_error() -> None:
    from realtime.engines.onnx_engine import refuse_fallback

    refuse_fallback("animate", "CUDAExecutionProvider", ["CUDAExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(EngineError, match="asked for CUDAExecutionProvider, ONNX Runtime chose CPUExecutionProvider"):
        refuse_fallback("animate", "CUDAExecutionProvider", ["CPUExecutionProvider"])
