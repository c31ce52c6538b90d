"""Bundles: equal to torch, verified by the live runtime, written whole or not at all."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from export import write_bundle as writing
from export.__main__ import main
from export.graphs import fold_batch_norm, make_graphs
from export.onnx_export import export_graph
from export.parity import ParityError, compare, example_pictures
from models import PRESETS, build_network
from models.checkpoint import save_checkpoint
from models.portrait_net import PortraitNet
from realtime.bundle import open_bundle
from realtime.engines.catalogue import open_engine


def trained_looking(preset: str) -> PortraitNet:
    """A network whose norms and heads are not at their initial values."""
    torch.manual_seed(0)
    network = build_network(PRESETS[preset])
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.2, 0.2)
                assert module.running_mean is not None and module.running_var is not None
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 1.5)
        network.dense_motion.head.weight.normal_(0, 0.02)
        network.get_submodule("keypoint_detector.correction").get_parameter("weight").normal_(0, 0.02)
    return network.eval()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "xs.safetensors"
    save_checkpoint(path, trained_looking("live-xs"), {"preset": "live-xs", "steps": 5, "data": "discs"})
    return path


@pytest.fixture(scope="module")
def bundle_folder(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "portrait-xs"
    writing.write_bundle(checkpoint, folder)
    return folder


def test_folding_keeps_the_result_and_removes_the_norms() -> None:
    network = trained_looking("live-xs")
    source, driving = torch.rand(1, 3, 128, 128), torch.rand(1, 3, 128, 128)
    with torch.inference_mode():
        expected = network(source, driving).image
    fold_batch_norm(network)
    with torch.inference_mode():
        found = network(source, driving).image
    # Folding rounds each weight once more; a third of the export's own limit.
    torch.testing.assert_close(found, expected, atol=3e-5, rtol=0)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())


def test_bundle_is_what_the_live_runtime_opens(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    assert bundle.manifest.preset == "live-xs" and bundle.manifest.keypoint_count == 20
    assert bundle.manifest.training.data == "discs" and bundle.manifest.training.steps == 5
    assert sum(path.stat().st_size for path in bundle_folder.iterdir()) < 20e6
    assert all(graph.max_abs_error <= graph.tolerance == 1e-4 for graph in bundle.manifest.graphs.values())


def test_graphs_have_no_norm_and_an_opset_every_runtime_has(bundle_folder: Path) -> None:
    for path in bundle_folder.glob("*.onnx"):
        model = onnx.load(str(path))
        assert not {"BatchNormalization", "InstanceNormalization"} & {node.op_type for node in model.graph.node}
        assert [entry.version for entry in model.opset_import if entry.domain == ""] == [18]


def test_whole_frame_through_the_engine_equals_torch(bundle_folder: Path) -> None:
    expected = np.load(bundle_folder / "parity.npz", allow_pickle=False)
    with open_engine("onnx-cpu", open_bundle(bundle_folder)) as engine:
        source = engine.upload({"image": expected["source"]})
        still = {f"source_{name}": t for name, t in engine.run("detect_keypoints", source).items()}
        driving = engine.run("detect_keypoints", engine.upload({"image": expected["driving"]}))
        moved = {f"driving_{name}": tensor for name, tensor in driving.items()}
        features = engine.run("encode_source", source)
        image = engine.download(engine.run("animate", features | still | moved)["image"])
        np.testing.assert_allclose(engine.download(driving["mean"]), expected["mean"], atol=1e-4)
    np.testing.assert_allclose(image, expected["image"], atol=1e-4)
    network = trained_looking("live-xs")
    with torch.inference_mode():
        again = network(torch.from_numpy(expected["source"]), torch.from_numpy(expected["driving"])).image
    np.testing.assert_allclose(expected["image"], again.numpy(), atol=1e-4)


def test_a_graph_that_differs_is_refused(tmp_path: Path) -> None:
    graph = make_graphs(trained_looking("live-xs"), *example_pictures(256))[0]
    export_graph(graph, tmp_path / "graph.onnx")
    model = onnx.load(str(tmp_path / "graph.onnx"))
    weights = next(t for t in model.graph.initializer if len(t.dims) == 4)
    values = onnx.numpy_helper.to_array(weights) * 1.01
    weights.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float32), weights.name))
    onnx.save(model, str(tmp_path / "tampered.onnx"))
    assert compare(graph, tmp_path / "graph.onnx", 1e-4).max_abs_error <= 1e-4
    with pytest.raises(ParityError, match="detect_keypoints"):
        compare(graph, tmp_path / "tampered.onnx", 1e-4)


def test_failed_export_leaves_the_old_bundle(checkpoint: Path, bundle_folder: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in bundle_folder.iterdir()}
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(checkpoint.read_bytes()[:-100])
    assert main([str(broken), str(bundle_folder)]) == 2
    assert {path.name: path.read_bytes() for path in bundle_folder.iterdir()} == before
    assert [path.name for path in bundle_folder.parent.iterdir()] == [bundle_folder.name]


def test_a_folder_that_is_no_bundle_is_not_replaced(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(writing.BundleWriteError, match="not a bundle"):
        writing.write_bundle(checkpoint, tmp_path)
    assert (tmp_path / "diary.txt").read_text() == "mine"
