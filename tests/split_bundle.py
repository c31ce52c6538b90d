"""Adds the split form to a tiny bundle: a motion network that shifts the whole picture as the first keypoint moves."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from realtime.bundle import Bundle, open_bundle, sha256_of
from realtime.manifest import GraphEntry
from tests.tiny_bundle import COVARIANCE, KEYPOINTS, MEAN, OPSET

GRID = 16
THUMBNAIL = (1, 3, GRID, GRID)


def with_split(folder: Path, masks: bool = True) -> Bundle:
    """The bundle in folder, now with dense_motion; its masks follow the background left, the second keypoint right."""
    model = _dense_motion(masks)
    onnx.save(model, folder / "dense_motion.onnx")
    entry = GraphEntry(
        file="dense_motion.onnx",
        sha256=sha256_of(folder / "dense_motion.onnx"),
        opset=OPSET,
        inputs=(),
        outputs=(),
        max_abs_error=0.0,
    )
    manifest = open_bundle(folder).manifest.model_copy(update={"split": {"dense_motion": entry, "decode": entry}})
    (folder / "manifest.json").write_text(manifest.model_dump_json(exclude_none=True))
    return open_bundle(folder)


def _dense_motion(with_masks: bool) -> onnx.ModelProto:
    shares = np.zeros((1, KEYPOINTS + 1, GRID, GRID), np.float32)
    shares[:, 0, :, : GRID // 2] = shares[:, 2, :, GRID // 2 :] = 1
    constants: dict[str, np.ndarray] = {
        "first": np.array([0, 0, 0], np.int64),
        "end": np.array([1, 1, 2], np.int64),
        "spread": np.array([1, 1, 1, 2], np.int64),
        "places": np.array([1, GRID, GRID, 2], np.int64),
        "shares": shares,
        "nothing": np.zeros(1, np.float32),
    }
    nodes = [
        helper.make_node("Sub", ["source_mean", "driving_mean"], ["moved"]),
        helper.make_node("Slice", ["moved", "first", "end"], ["one"]),
        helper.make_node("Reshape", ["one", "spread"], ["shift"]),
        helper.make_node("Expand", ["shift", "places"], ["displacement"]),
        helper.make_node("Slice", ["source_thumbnail", "first", "end_of_red"], ["red"]),
        helper.make_node("Identity", ["red"], ["occlusion"]),
        helper.make_node("ReduceSum", ["source_covariance"], ["turn"], keepdims=1),
        helper.make_node("Mul", ["turn", "nothing"], ["zero"]),
        helper.make_node("Add", ["shares", "zero"], ["masks"]),
    ]
    constants["end_of_red"] = np.array([1, 1, GRID], np.int64)
    outputs = {"displacement": (1, GRID, GRID, 2), "occlusion": (1, 1, GRID, GRID)}
    if with_masks:
        outputs["masks"] = shares.shape
    else:
        nodes = nodes[:6]
    inputs = {"source_thumbnail": THUMBNAIL, "source_mean": MEAN, "driving_mean": MEAN, "source_covariance": COVARIANCE}
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "dense_motion",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in inputs.items()
            if name in used
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model
