"""Checkpoint in, bundle out: exported, proven, described and put in place in one step or not at all."""

import importlib.metadata
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from export.card import LICENSE_TEXT, Provenance, write_card
from export.graphs import Graph, make_graphs
from export.onnx_export import OPSET, export_graph
from export.parity import FP32_TOLERANCE, compare, example_pictures
from models.checkpoint import load_checkpoint
from realtime.bundle import (
    Bundle,
    GraphEntry,
    Manifest,
    TensorEntry,
    TrainingEntry,
    open_bundle,
    sha256_of,
)

DESCRIBED_TOOLS = ("torch", "onnx", "onnxruntime", "onnxscript")
BUNDLE_FILES = {"manifest.json", "parity.npz", "CARD.md", "LICENSE"}


class BundleWriteError(Exception):
    """The bundle cannot be written there; the message says what to do."""


def write_bundle(checkpoint: Path, folder: Path, provenance: Provenance | None = None) -> Bundle:
    """Export `checkpoint` to `folder` and reopen it verified.

    Raises CheckpointError, ParityError or BundleWriteError, and leaves what was there before untouched.
    """
    _refuse_foreign_folder(folder)
    network, notes = load_checkpoint(checkpoint)
    provenance = provenance or Provenance(notes.get("data", "not stated"), int(notes.get("steps", 0)), {})
    source, driving = example_pictures(network.config.image_size)
    graphs = make_graphs(network, source, driving)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        draft = Path(temporary) / folder.name
        draft.mkdir()
        entries = {graph.name: _write_graph(graph, draft) for graph in graphs}
        _write_parity(graphs, draft / "parity.npz")
        config = network.config
        write_card(draft / "CARD.md", folder.name, notes.get("preset", config.family), provenance)
        (draft / "LICENSE").write_text(LICENSE_TEXT)
        manifest = Manifest(
            schema_version=1,
            name=folder.name,
            preset=notes.get("preset", config.family),
            image_size=config.image_size,
            image_range=(0.0, 1.0),
            keypoint_count=config.keypoint_count,
            graphs=entries,
            files={name: sha256_of(draft / name) for name in sorted(BUNDLE_FILES - {"manifest.json"})},
            training=TrainingEntry(data=provenance.data, steps=provenance.steps, metrics=provenance.metrics),
            tools={tool: importlib.metadata.version(tool) for tool in DESCRIBED_TOOLS},
        )
        (draft / "manifest.json").write_text(json.dumps(manifest.model_dump(mode="json"), indent=2) + "\n")
        open_bundle(draft)
        _put_in_place(draft, folder)
    return open_bundle(folder)


def _write_graph(graph: Graph, folder: Path) -> GraphEntry:
    path = folder / f"{graph.name}.onnx"
    export_graph(graph, path)
    parity = compare(graph, path, FP32_TOLERANCE)
    model = onnx.load(str(path), load_external_data=False)
    return GraphEntry(
        file=path.name,
        sha256=sha256_of(path),
        precision="fp32",
        opset=OPSET,
        inputs=tuple(_tensor_entry(value) for value in model.graph.input),
        outputs=tuple(_tensor_entry(value) for value in model.graph.output),
        tolerance=FP32_TOLERANCE,
        max_abs_error=parity.max_abs_error,
    )


def _tensor_entry(value: Any) -> TensorEntry:
    tensor = value.type.tensor_type
    shape = tuple(dimension.dim_value for dimension in tensor.shape.dim)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    return TensorEntry(name=value.name, shape=shape, dtype=dtype)


def _write_parity(graphs: list[Graph], path: Path) -> None:
    """The example pictures and what torch made of them, for the user's machine to compare with."""
    detect, encode, animate = graphs
    keypoints, result = detect.run(), animate.run()
    np.savez_compressed(
        path,
        source=encode.inputs["image"].numpy(),
        driving=detect.inputs["image"].numpy(),
        mean=keypoints["mean"].numpy(),
        covariance=keypoints["covariance"].numpy(),
        image=result["image"].numpy(),
    )


def _refuse_foreign_folder(folder: Path) -> None:
    """A folder that is not a bundle is never replaced."""
    if folder.exists() and not (folder / "manifest.json").is_file() and any(folder.iterdir()):
        raise BundleWriteError(f"{folder} exists and is not a bundle; name a new folder")


def _put_in_place(draft: Path, folder: Path) -> None:
    if folder.exists():
        old = draft.parent / "replaced"
        folder.replace(old)
        draft.replace(folder)
        shutil.rmtree(old)
    else:
        draft.replace(folder)
