"""Bundles: equal to torch in every precision, verified by the live runtime, written whole or not at all."""

import copy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from export.examples import example_pictures
from export.graphs import fold_batch_norm, make_graphs
from export.held_out import held_out_shortfall
from export.onnx_export import export_graph
from export.parity import ParityError, largest_error, refuse_graphs
from export.precisions import describe
from models.complexity import parameter_count
from realtime.bundle import KEYPOINT_INPUTS, open_bundle
from realtime.engines.catalogue import open_engine
from realtime.engines.proof import read_proof, shortfall
from realtime.frames import Sides, source_tensors
from realtime.manifest import GRAPH_NAMES, Precision, PrecisionEntry
from realtime.showing import motion_share
from tests.export.trained_looking import trained_looking

# Exports a network three times over: half a minute alone, minutes on a busy machine.
pytestmark = pytest.mark.timeout(600)


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
    assert bundle.manifest.preset == "live-xs" and bundle.manifest.keypoint_count == 24
    assert bundle.manifest.parts == {"face": (0, 1, 2), "hair": (3,)} and bundle.parts.openings.tolist() == [[1, 2]]
    assert bundle.parts.depths.tolist() == [0.5, 0.0, -0.5] and bundle.parts.mirrors.tolist() == [[0, 2]]
    assert bundle.parts.hair_depths.tolist() == [[-1.0, -0.5]]
    assert bundle.manifest.training.data == "discs" and bundle.manifest.training.steps == 5
    assert bundle.precisions == ("fp32", "fp16", "int8")
    for precision in bundle.precisions:
        size = sum(bundle.graph_path(name, precision).stat().st_size for name in GRAPH_NAMES)
        assert 0.2 < size / (4 * parameter_count(trained_looking("live-xs"))) < 1.25
    graphs = bundle.manifest.precisions["fp32"].graphs.values()
    assert all(graph.max_abs_error <= 1e-4 for graph in graphs)


def test_the_manifest_tells_how_near_each_engine_comes(bundle_folder: Path) -> None:
    for precision, entry in open_bundle(bundle_folder).manifest.precisions.items():
        assert "onnx-cpu" in entry.parity
        assert ("openvino-cpu" in entry.parity) == (precision != "fp16")
        assert all(shortfall(parity, precision) is None for parity in entry.parity.values())
        assert (entry.held_out is None) == (precision == "fp32")
        assert entry.held_out is None or held_out_shortfall(entry.held_out, precision) is None


def test_graphs_have_no_norm_and_an_opset_every_runtime_has(bundle_folder: Path) -> None:
    for path in bundle_folder.glob("*.onnx"):
        model = onnx.load(str(path))
        assert not {"BatchNormalization", "InstanceNormalization"} & {node.op_type for node in model.graph.node}
        assert [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")] == [18]


def test_equal_weights_give_equal_files_that_tell_nothing_of_the_machine(bundle_folder: Path, tmp_path: Path) -> None:
    repository = str(Path(__file__).resolve().parents[2]).encode()
    files = sorted(bundle_folder.glob("*.onnx"))
    assert files and not any(repository in path.read_bytes() for path in files)
    assert not any(b"stack_trace" in path.read_bytes() for path in files)
    network, image = trained_looking("live-xs"), torch.rand(1, 3, 256, 256)
    written = [tmp_path / "one.onnx", tmp_path / "other.onnx"]
    for path in written:
        export_graph(make_graphs(copy.deepcopy(network), image, image)[0], path)
    assert written[0].read_bytes() == written[1].read_bytes()


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_the_host_sees_float32_in_every_precision(bundle_folder: Path, precision: Precision) -> None:
    bundle = open_bundle(bundle_folder)
    for graph in GRAPH_NAMES:
        model = onnx.load(str(bundle.graph_path(graph, precision)))
        values = [*model.graph.input, *model.graph.output]
        assert {value.type.tensor_type.elem_type for value in values} == {onnx.TensorProto.FLOAT}


def test_fp16_keeps_keypoints_and_sampling_in_float32(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    for graph in GRAPH_NAMES:
        model = onnx.load(str(bundle.graph_path(graph, "fp16")))
        types = {value.name: value.type.tensor_type.elem_type for value in model.graph.value_info}
        half = {name for name, kind in types.items() if kind == onnx.TensorProto.FLOAT16}
        makers = {node.op_type for node in model.graph.node if set(node.output) & half}
        assert "Conv" in makers
        assert not makers & {"GridSample", "Softmax", "Exp", "Div", "Sqrt", "MatMul", "ReduceSum", "Mul", "Sub"}


def test_int8_rounds_most_convolutions_and_nothing_that_heads_make(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    kept = bundle.manifest.precisions["int8"].float_convolutions
    total, rounded, heads = 0, 0, set()
    for graph in GRAPH_NAMES:
        nodes = onnx.load(str(bundle.graph_path(graph, "int8"))).graph.node
        scaled = {name: node.input[0] for node in nodes if node.op_type == "DequantizeLinear" for name in node.output}
        read_as_integers = {node.input[0] for node in nodes if node.op_type == "QuantizeLinear"}
        convolutions = [node for node in nodes if node.op_type == "Conv"]
        total += len(convolutions)
        rounded += sum(node.input[1] in scaled for node in convolutions)
        made = {scaled.get(node.input[1], node.input[1]): node.output[0] for node in convolutions}
        found = {weight: output for weight, output in made.items() if "head.weight" in weight or "correction" in weight}
        assert not read_as_integers & set(found.values())
        heads |= {weight.removeprefix("network.").split(".weight")[0] for weight in found}
    assert rounded == total - len(kept) > total / 2
    assert heads >= {"keypoint_detector.head", "keypoint_detector.correction", "dense_motion.head"}
    assert "motion_transfer.head" in heads


def test_the_proof_is_torchs_own(bundle_folder: Path) -> None:
    """The expected figures in the bundle, computed again without the code that wrote them."""
    scene, expected = read_proof(open_bundle(bundle_folder))
    network = trained_looking("live-xs")
    portraits, drivers = (
        torch.from_numpy(p).permute(0, 3, 1, 2).float() / 255 for p in (scene.portraits, scene.drivers)
    )
    with torch.inference_mode():
        found = network.detect_keypoints(torch.cat([portraits, drivers])).mean
    np.testing.assert_allclose(found.numpy(), expected.mean, atol=1e-4)
    assert expected.images.shape == (len(scene.drivers) - 1, 256, 256, 3)


def test_whole_frame_through_the_engine_equals_torch(bundle_folder: Path) -> None:
    source, driving = example_pictures(256)
    tensors = source_tensors(source.numpy(), 32)
    network = trained_looking("live-xs")
    with torch.inference_mode():
        features = network.encode_source(*map(torch.from_numpy, tensors.values()))
        moving = network.detect_keypoints(driving)
        expected = network.animate(features, network.detect_keypoints(source), moving).image.numpy()
    with open_engine("onnx-cpu", open_bundle(bundle_folder)) as engine:
        image = engine.upload({"image": tensors["image"]})
        still = {f"source_{name}": tensor for name, tensor in engine.run("detect_keypoints", image).items()}
        found = engine.run("detect_keypoints", engine.upload({"image": driving.numpy()}))
        moved = {f"driving_{name}": tensor for name, tensor in found.items()}
        inputs = engine.run("encode_source", engine.upload(tensors)) | still | moved
        picture = engine.download(engine.run("animate", inputs)["image"])
        np.testing.assert_allclose(picture, expected, atol=1e-4)


def test_the_split_form_is_animate_in_two_steps(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    assert bundle.manifest.split is not None
    rng = np.random.default_rng(0)
    feeds = {tensor.name: rng.random(tensor.shape, np.float32) for tensor in bundle.graph("animate").inputs} | {
        name: np.tile(0.05 * np.eye(2, dtype=np.float32), (1, 24, 1, 1)) for name in KEYPOINT_INPUTS[1::2]
    }

    def run(path: Path) -> dict[str, np.ndarray]:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [value.name for value in session.get_outputs()]
        return dict(zip(names, session.run(names, {v.name: feeds[v.name] for v in session.get_inputs()}), strict=True))

    expected = run(bundle.graph_path("animate"))["image"]
    feeds |= run(bundle_folder / bundle.manifest.split["dense_motion"].file)
    found = run(bundle_folder / bundle.manifest.split["decode"].file)["image"]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_graph_that_differs_from_torch_is_refused(bundle_folder: Path, tmp_path: Path) -> None:
    graph = make_graphs(trained_looking("live-xs"), *example_pictures(256))[0]
    good = open_bundle(bundle_folder).graph_path("detect_keypoints")
    model = onnx.load(str(good))
    weights = next(t for t in model.graph.initializer if len(t.dims) == 4)
    values = onnx.numpy_helper.to_array(weights) * 1.01
    weights.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float32), weights.name))
    onnx.save(model, str(tmp_path / "tampered.onnx"))
    assert largest_error(graph, good) <= 1e-4
    entry = PrecisionEntry(graphs={"detect_keypoints": describe(graph, tmp_path / "tampered.onnx")}, parity={})
    with pytest.raises(ParityError, match="detect_keypoints in fp32: differs from torch"):
        refuse_graphs(entry, "fp32")


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_a_bundle_shows_what_lies_around_the_square_and_holds_it_where_it_is_told(
    bundle_folder: Path, precision: Precision
) -> None:
    """Against torch, with another margin than the one repeated, and less motion at two sides: the proof has neither."""
    bundle = open_bundle(bundle_folder)
    assert bundle.margin == 32
    network = trained_looking("live-xs")
    image, driving = example_pictures(256)
    around = example_pictures(320)[1].clone()
    around[..., 32:-32, 32:-32] = image
    with torch.inference_mode():
        seen, moved = network.detect_keypoints(image), network.detect_keypoints(driving)
        share = motion_share(64, Sides(left=True, top=True))
        features = network.encode_source(image, around) | {"motion_share": torch.from_numpy(share)}
        animation = network.animate(features, seen, moved)
        expected, displacement = animation.image, animation.flow.displacement
        repeated, free = (network.animate(network.encode_source(image, a), seen, moved).image for a in (None, around))
    assert (expected - repeated).abs().max() > 0.1 and (expected - free).abs().max() > 0.1
    with open_engine("onnx-cpu", bundle, precision=precision) as engine:
        encoded = engine.run("encode_source", engine.upload({"image": image.numpy(), "around": around.numpy()}))
        assert (engine.download(encoded["motion_share"]) == 1).all()
        encoded |= engine.upload({"motion_share": share})
        points = dict(zip(KEYPOINT_INPUTS, (tensor.numpy() for tensor in (*seen, *moved)), strict=True))
        animated = engine.run("animate", encoded | engine.upload(points))
        found, told = (torch.from_numpy(engine.download(animated[name]).copy()) for name in ("image", "displacement"))
    assert bundle.tells_motion and displacement.abs().max() > 0.02
    assert (told - displacement).abs().max() * 128 < {"fp32": 0.01, "fp16": 0.2, "int8": 2.0}[precision]  # pixels
    error = (found - expected).square().mean().sqrt()
    assert error < {"fp32": 1e-4, "fp16": 5e-3, "int8": 2e-2}[precision]
    assert error < 0.5 * min((other - expected).square().mean().sqrt() for other in (repeated, free))
