"""What every engine must do, over every engine and precision that runs on this machine; and how the others refuse."""

import importlib.util
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from realtime.bundle import KEYPOINT_INPUTS, Bundle
from realtime.engines.base import DeviceTensors, Engine, graph_precision
from realtime.engines.catalogue import ENGINES, open_engine
from realtime.engines.proof import prove, shortfall
from realtime.errors import BundleError, EngineError
from realtime.frames import Tensor
from tests.fakes import FakeEngine

# torch.compile is left out: it would compile for minutes what `torch` computes.
HERE = ("onnx-cpu", "openvino-cpu", "torch")
GPU_ENGINES = [name for name, kind in ENGINES.items() if kind.device == "gpu"]
# Python's own objects, such as a tuple of names; a frame's smallest tensor alone has 48 KiB.
ALLOWED_BYTES = 8192


def _openers() -> dict[str, Callable[[Bundle], Engine]]:
    openers: dict[str, Callable[[Bundle], Engine]] = {"fake": lambda _bundle: FakeEngine()}
    for name in HERE:
        for precision in ENGINES[name].precisions:
            if graph_precision(precision) == "fp32":  # the tiny bundle holds no other
                address = f"{name}:{precision}"
                openers[address] = lambda bundle, address=address: open_engine(address, bundle, threads=1)  # type: ignore[misc]
    return openers


OPENERS = _openers()


@pytest.fixture(params=OPENERS)
def engine(request: pytest.FixtureRequest, tiny_bundle: Bundle) -> Iterator[Engine]:
    try:
        opened = OPENERS[request.param](tiny_bundle)
    except EngineError as error:
        if "no bf16 arithmetic" not in error.message:
            raise
        pytest.skip(error.message)
    with opened:
        yield opened


def _image(seed: int = 0) -> Tensor:
    return np.random.default_rng(seed).random((1, 3, 64, 64), np.float32)


def _close(engine: Engine) -> float:
    """How near results must be: bf16 keeps eight bits."""
    return 1e-6 if engine.precision == "fp32" else 1e-2


def _inputs(engine: Engine, image: Tensor, move: float) -> DeviceTensors:
    mean = np.zeros((1, 3, 2), np.float32)
    covariance = np.tile(np.eye(2, dtype=np.float32), (1, 3, 1, 1))
    arrays = dict(zip(KEYPOINT_INPUTS, (mean, covariance, mean + np.float32(move), covariance), strict=True))
    return engine.run("encode_source", engine.upload({"image": image})) | engine.upload(arrays)


def test_the_engines_that_must_be_here_are_here() -> None:
    assert [name for name in HERE if importlib.util.find_spec(ENGINES[name].module) is None] == []


def test_it_has_a_name_and_a_precision(engine: Engine) -> None:
    assert engine.name in (*HERE, "fake")
    assert engine.precision in ("fp32", "bf16")


def test_upload_and_download_are_inverse(engine: Engine) -> None:
    image = _image()
    assert np.array_equal(engine.download(engine.upload({"image": image})["image"]), image)


def test_an_upload_is_a_copy(engine: Engine) -> None:
    image = _image()
    uploaded = engine.upload({"image": image})
    image[...] = 0
    assert np.array_equal(engine.download(uploaded["image"]), _image())


def test_an_upload_is_written_over_an_earlier_one(engine: Engine) -> None:
    uploaded = engine.upload({"image": _image(1)})
    again = engine.upload({"image": _image(2)}, into=uploaded)
    assert again is uploaded
    assert np.array_equal(engine.download(uploaded["image"]), _image(2))


def test_keypoints_are_at_the_centre_of_brightness(engine: Engine) -> None:
    image = np.zeros((1, 3, 64, 64), np.float32)
    image[:, :, 63, 0] = 1  # bottom left: x = -1, y = 1
    found = engine.run("detect_keypoints", engine.upload({"image": image}))
    assert set(found) == {"mean", "covariance"}
    np.testing.assert_allclose(engine.download(found["mean"]), [[[-1, 1]] * 3], atol=1e-4)


def test_tensors_stay_on_the_device_between_graphs(engine: Engine) -> None:
    image = 0.5 * _image()
    result = engine.run("animate", _inputs(engine, image, move=0.5))
    np.testing.assert_allclose(engine.download(result["image"]), image * 1.5, atol=_close(engine))


def test_results_do_not_touch_each_other(engine: Engine) -> None:
    first = engine.run("encode_source", engine.upload({"image": _image(1)}))
    engine.run("encode_source", engine.upload({"image": _image(2)}))
    np.testing.assert_allclose(engine.download(first["source_picture"]), _image(1), atol=_close(engine))


def test_an_earlier_result_is_overwritten_when_handed_back(engine: Engine) -> None:
    image = 0.5 * _image()
    earlier = engine.run("animate", _inputs(engine, image, move=0.0))
    result = engine.run("animate", _inputs(engine, image, move=0.25), into=earlier)
    np.testing.assert_allclose(engine.download(result["image"]), image * 1.25, atol=_close(engine))
    assert result is earlier


def test_sources_can_take_turns(engine: Engine) -> None:
    """A tensor bound for one frame must not stay bound for the next."""
    sources = [_inputs(engine, 0.5 * _image(seed), move=0.0) for seed in (1, 2)]
    for turn in (0, 1, 0):
        shown = engine.download(engine.run("animate", sources[turn])["image"])
        np.testing.assert_allclose(shown, 0.5 * _image(turn + 1), atol=_close(engine))


def test_the_way_of_a_frame_is_proven(engine: Engine, tiny_bundle: Bundle) -> None:
    assert shortfall(prove(engine, tiny_bundle), engine.precision) is None


def test_a_live_frame_allocates_nothing(engine: Engine) -> None:
    if engine.name == "fake" or engine.name == "torch":
        pytest.skip("computes in fresh memory: it is no live engine of a processor")
    image = _image()
    uploaded = engine.upload({"image": image})
    inputs = _inputs(engine, image, move=0.25)
    target = {name: inputs[name] for name in ("driving_mean", "driving_covariance")}
    found = engine.run("detect_keypoints", uploaded)
    animated = engine.run("animate", inputs)
    means = {name: engine.download(tensor).copy() for name, tensor in target.items()}

    def frame() -> None:
        engine.upload({"image": image}, into=uploaded)
        engine.run("detect_keypoints", uploaded, into=found)
        engine.upload(means, into=target)
        engine.run("animate", inputs, into=animated)
        engine.download(animated["image"])

    frame()
    places = [engine.download(tensor).ctypes.data for tensor in animated.values()]
    tracemalloc.start()
    try:
        for _ in range(3):
            frame()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < ALLOWED_BYTES
    assert [engine.download(tensor).ctypes.data for tensor in animated.values()] == places


def test_closing_twice_is_safe_and_ends_it(engine: Engine) -> None:
    engine.close()
    engine.close()
    with pytest.raises((EngineError, KeyError)):
        engine.run("animate", {})


@pytest.mark.parametrize("name", HERE)
def test_a_missing_input_is_named(name: str, tiny_bundle: Bundle) -> None:
    with open_engine(name, tiny_bundle) as engine, pytest.raises(EngineError, match="animate: input 'source_"):
        engine.run("animate", {})


@pytest.mark.parametrize("name", HERE)
def test_an_input_of_the_wrong_shape_is_refused(name: str, tiny_bundle: Bundle) -> None:
    with open_engine(name, tiny_bundle) as engine, pytest.raises(EngineError):
        engine.run("detect_keypoints", engine.upload({"image": np.zeros((1, 3, 8, 8), np.float32)}))


@pytest.mark.parametrize("name", HERE)
def test_an_upload_of_the_wrong_shape_is_refused(name: str, tiny_bundle: Bundle) -> None:
    with open_engine(name, tiny_bundle) as engine:
        uploaded = engine.upload({"image": _image()})
        with pytest.raises(EngineError, match="image has shape"):
            engine.upload({"image": np.zeros((1, 3, 8, 8), np.float32)}, into=uploaded)


@pytest.mark.parametrize("name", HERE)
def test_a_graph_that_is_no_graph_is_refused(name: str, own_bundle: Path) -> None:
    from realtime.bundle import Bundle, open_bundle

    bundle = open_bundle(own_bundle)
    (own_bundle / "animate.onnx").write_bytes(b"\x08\x09not a graph")
    with pytest.raises(EngineError):
        open_engine(name, Bundle(own_bundle, bundle.manifest))


def test_an_unknown_engine_is_refused_with_the_choices(tiny_bundle: Bundle) -> None:
    with pytest.raises(EngineError, match="unknown engine 'warp'") as refusal:
        open_engine("warp", tiny_bundle)
    assert "onnx-cpu" in refusal.value.hint


def test_an_unknown_precision_is_refused_with_the_choices(tiny_bundle: Bundle) -> None:
    with pytest.raises(EngineError, match="unknown precision 'int4'") as refusal:
        open_engine("onnx-cpu:int4", tiny_bundle)
    assert "int8" in refusal.value.hint


def test_a_precision_that_an_engine_lacks_is_refused_with_one_that_has_it(tiny_bundle: Bundle) -> None:
    with pytest.raises(EngineError, match="onnx-cuda computes in fp32, fp16; asked for int8") as refusal:
        open_engine("onnx-cuda", tiny_bundle, precision="int8")
    assert "onnx-cpu" in refusal.value.hint


def test_a_precision_that_the_bundle_lacks_is_refused(tiny_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="holds fp32; asked for int8"):
        open_engine("onnx-cpu", tiny_bundle, precision="int8")


@pytest.mark.parametrize("name", GPU_ENGINES)
def test_an_engine_without_its_gpu_or_package_is_refused_with_a_command(
    name: str, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    from realtime.engines.gpu import find_gpus

    if find_gpus():
        pytest.skip("this machine has a GPU")
    with pytest.raises(EngineError) as refusal:
        open_engine(name, tiny_bundle, cache=tmp_path)
    assert "pip install" in refusal.value.hint or "driver" in refusal.value.hint
    assert "--engine" in refusal.value.hint


def test_a_silent_fallback_is_an_error() -> None:
    from realtime.engines.onnx_engine import refuse_fallback

    refuse_fallback("animate", "CUDAExecutionProvider", ["CUDAExecutionProvider", "CPUExecutionProvider"], "pip")
    with pytest.raises(EngineError, match="asked for CUDAExecutionProvider, ONNX Runtime chose CPUExecutionProvider"):
        refuse_fallback("animate", "CUDAExecutionProvider", ["CPUExecutionProvider"], "pip install onnxruntime-gpu")
