"""A bundle small enough to build in a test, without torch: what its networks do can be said in a sentence.

`detect_keypoints` puts every keypoint at the centre of brightness. `animate` multiplies the portrait's brightness by
1 + (driving x - source x), so that no motion gives back the portrait.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from realtime.bundle import sha256_of
from realtime.engines.proof import Scene, render, write_proof
from realtime.manifest import GraphEntry, Manifest, PrecisionEntry, TensorEntry, TrainingEntry

SIZE = 64
KEYPOINTS = 3
OPSET = 17
IMAGE = (1, 3, SIZE, SIZE)
MEAN = (1, KEYPOINTS, 2)
COVARIANCE = (1, KEYPOINTS, 2, 2)

Shapes = Mapping[str, tuple[int, ...]]
Constants = Mapping[str, np.ndarray]


def write_tiny_bundle(folder: Path) -> Path:
    """The folder, now holding a valid bundle."""
    folder.mkdir(parents=True, exist_ok=True)
    models = {"detect_keypoints": _detect_keypoints(), "encode_source": _encode_source(), "animate": _animate()}
    for name, model in models.items():
        onnx.save(model, folder / f"{name}.onnx")
    _write_proof(folder / "parity.npz")
    graphs = {name: _entry(folder / f"{name}.onnx", model) for name, model in models.items()}
    (folder / "CARD.md").write_text("A bundle for tests.\n")
    (folder / "LICENSE").write_text("MIT\n")
    manifest = Manifest(
        schema_version=2,
        name="tiny",
        preset="test",
        image_size=SIZE,
        image_range=(0.0, 1.0),
        keypoint_count=KEYPOINTS,
        precisions={"fp32": PrecisionEntry(graphs=graphs, parity={})},
        files={name: sha256_of(folder / name) for name in ("parity.npz", "CARD.md", "LICENSE")},
        training=TrainingEntry(data="none", steps=0, metrics={}),
        tools={"onnx": onnx.__version__},
    )
    (folder / "manifest.json").write_text(manifest.model_dump_json(indent=2, exclude_none=True))
    return folder


def _write_proof(path: Path) -> None:
    from tests.fakes import FakeEngine  # which takes its sizes from here

    rng = np.random.default_rng(0)
    scene = Scene(*(rng.integers(0, 256, (count, SIZE, SIZE, 3), np.uint8) for count in (1, 3)))
    write_proof(path, scene, render(FakeEngine(), scene))


def _detect_keypoints() -> onnx.ModelProto:
    places = np.linspace(-1, 1, SIZE, dtype=np.float32)
    grid = np.stack(np.meshgrid(places, places), axis=-1).reshape(1, -1, 2)  # 1 h*w 2: x, y
    constants: Constants = {
        "grid": grid,
        "flat": np.array([1, SIZE * SIZE, 1], np.int64),
        "copies": np.array([1, KEYPOINTS, 1], np.int64),
        "all_pixels": np.array([1], np.int64),
        "tiny": np.array(1e-6, np.float32),
        "spread": np.tile(0.02 * np.eye(2, dtype=np.float32), (1, KEYPOINTS, 1, 1)),
    }
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["grey"], axes=[1]),
        helper.make_node("Reshape", ["grey", "flat"], ["weight"]),
        helper.make_node("Mul", ["weight", "grid"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "all_pixels"], ["moment"]),
        helper.make_node("ReduceSum", ["weight", "all_pixels"], ["bare_mass"]),
        helper.make_node("Add", ["bare_mass", "tiny"], ["mass"]),
        helper.make_node("Div", ["moment", "mass"], ["centre"]),
        helper.make_node("Tile", ["centre", "copies"], ["mean"]),
        helper.make_node("Identity", ["spread"], ["covariance"]),
    ]
    return _model("detect_keypoints", nodes, {"image": IMAGE}, {"mean": MEAN, "covariance": COVARIANCE}, constants)


def _encode_source() -> onnx.ModelProto:
    nodes = [helper.make_node("Identity", ["image"], ["source_picture"])]
    return _model("encode_source", nodes, {"image": IMAGE}, {"source_picture": IMAGE}, {})


def _animate() -> onnx.ModelProto:
    constants: Constants = {
        "one": np.array(1, np.float32),
        "scalar": np.array([1, 1, 1, 1], np.int64),
        "zero": np.array(0, np.float32),
        "zero_index": np.array([0, 0, 0], np.int64),
        "one_index": np.array([1, 1, 1], np.int64),
    }
    nodes = [
        helper.make_node("Sub", ["driving_mean", "source_mean"], ["moved"]),
        helper.make_node("Slice", ["moved", "zero_index", "one_index"], ["moved_x"]),
        helper.make_node("Reshape", ["moved_x", "scalar"], ["shift"]),
        helper.make_node("Add", ["shift", "one"], ["gain"]),
        helper.make_node("Mul", ["source_picture", "gain"], ["bright"]),
        helper.make_node("Clip", ["bright", "zero", "one"], ["mixed"]),
        # Every input must count, or the graph would lose it.
        helper.make_node("Sub", ["driving_covariance", "source_covariance"], ["turned"]),
        helper.make_node("ReduceSum", ["turned"], ["turn"], keepdims=0),
        helper.make_node("Add", ["mixed", "turn"], ["image"]),
    ]
    inputs = {
        "source_picture": IMAGE,
        "source_mean": MEAN,
        "source_covariance": COVARIANCE,
        "driving_mean": MEAN,
        "driving_covariance": COVARIANCE,
    }
    return _model("animate", nodes, inputs, {"image": IMAGE}, constants)


def _model(
    name: str, nodes: list[onnx.NodeProto], inputs: Shapes, outputs: Shapes, constants: Constants
) -> onnx.ModelProto:
    used = {text for node in nodes for text in node.input}
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in inputs.items()],
        [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()],
        [numpy_helper.from_array(value, key) for key, value in constants.items() if key in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _entry(path: Path, model: onnx.ModelProto) -> GraphEntry:
    return GraphEntry(
        file=path.name,
        sha256=sha256_of(path),
        opset=OPSET,
        inputs=tuple(_tensor(value) for value in model.graph.input),
        outputs=tuple(_tensor(value) for value in model.graph.output),
        max_abs_error=0.0,
    )


def _tensor(value: onnx.ValueInfoProto) -> TensorEntry:
    shape = tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
    return TensorEntry(name=value.name, shape=shape, dtype="float32")
