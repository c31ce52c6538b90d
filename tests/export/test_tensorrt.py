"""TensorRT for RTX parses and builds every graph that ships, without a GPU; TensorRT itself is refused by name."""

import importlib.util
from pathlib import Path

import pytest

from export.tensorrt import build_plans, main
from realtime.bundle import Bundle, open_bundle
from realtime.engines.tensorrt_build import build_plan, load_tensorrt
from realtime.errors import EngineError
from realtime.manifest import GRAPH_NAMES, GraphName, Precision
from realtime.settings import DEFAULT_BUNDLE

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorrt_rtx") is None, reason="tensorrt-rtx has wheels for Linux on x86-64 alone"
)


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return open_bundle(DEFAULT_BUNDLE)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("graph", GRAPH_NAMES)
def test_every_graph_that_ships_parses_and_builds(shipped: Bundle, graph: GraphName, precision: Precision) -> None:
    plan = build_plan(load_tensorrt("test", ("tensorrt_rtx",)), shipped.graph_path(graph, precision))
    weights = shipped.graph_path(graph, precision).stat().st_size
    assert weights / 2 < len(plan) < 10 * weights


def test_half_the_weights_make_a_smaller_plan(shipped: Bundle) -> None:
    tensorrt = load_tensorrt("test", ("tensorrt_rtx",))
    whole, half = (build_plan(tensorrt, shipped.graph_path("detect_keypoints", p)) for p in ("fp32", "fp16"))
    assert len(half) < 0.8 * len(whole)


def test_plans_are_built_once_and_again_when_damaged(tiny_bundle: Bundle, tmp_path: Path) -> None:
    folders = build_plans(tiny_bundle, "fp32", tmp_path, ("tensorrt_rtx",))
    plans = [folder / f"{graph}.plan" for graph, folder in zip(GRAPH_NAMES, folders, strict=True)]
    sizes, times = ([getattr(p.stat(), field) for p in plans] for field in ("st_size", "st_mtime_ns"))
    build_plans(tiny_bundle, "fp32", tmp_path, ("tensorrt_rtx",))
    assert [p.stat().st_mtime_ns for p in plans] == times
    plans[0].write_bytes(plans[0].read_bytes()[:100])
    build_plans(tiny_bundle, "fp32", tmp_path, ("tensorrt_rtx",))
    assert [p.stat().st_size for p in plans[1:]] == sizes[1:] and plans[0].stat().st_size > 100
    assert [p.stat().st_mtime_ns for p in plans[1:]] == times[1:]


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"not a graph")
    with pytest.raises(EngineError, match="cannot read it"):
        build_plan(load_tensorrt("test", ("tensorrt_rtx",)), tmp_path / "broken.onnx")


def test_a_runtime_that_is_not_installed_is_refused(
    tiny_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec("tensorrt"):
        pytest.skip("TensorRT is installed")
    flags = [str(tiny_bundle.path), "--precision", "fp32", "--runtime", "tensorrt", "--cache", str(tmp_path)]
    assert main(flags) == 2
    told = capsys.readouterr().err
    assert "TensorRT cannot be imported" in told and "pip install" in told


def test_a_precision_that_the_bundle_lacks_is_refused(tiny_bundle: Bundle, tmp_path: Path) -> None:
    assert main([str(tiny_bundle.path), "--precision", "fp16", "--cache", str(tmp_path)]) == 2
