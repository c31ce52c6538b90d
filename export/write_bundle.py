"""Checkpoint in, bundle out: exported, proven, described and put in place in one step or not at all."""

import importlib.metadata
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.card import LICENSE_TEXT, Provenance, write_card
from export.examples import example_pictures
from export.footage import Footage, proof_scene, read_footage
from export.graphs import Graph, make_graphs, make_split_graphs, margin_of
from export.onnx_export import export_graph
from export.parity import prove_precision
from export.precisions import Job, describe, write_precisions
from export.reference import ReferenceEngine
from export.upsampling import share_products
from models.checkpoint import load_checkpoint
from models.config import NetworkConfig
from models.portrait_net import PortraitNet
from realtime.bundle import Bundle, open_bundle, sha256_of
from realtime.engines.proof import PARITY_FILE, render, write_proof
from realtime.manifest import (
    MANIFEST_FILE,
    SCHEMA_VERSION,
    GraphEntry,
    GraphName,
    Manifest,
    Precision,
    PrecisionEntry,
    SplitName,
    TrainingEntry,
)
from realtime.parts import TOLD

DESCRIBED_TOOLS = ("torch", "onnx", "onnxruntime", "onnxscript", "onnxconverter-common", "openvino")
DESCRIBED_FILES = (PARITY_FILE, "CARD.md", "LICENSE")


class BundleWriteError(Exception):
    """The bundle cannot be written there; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What beside fp32 to write, the split form for profiling, and where frames for int8 come from."""

    precisions: tuple[Precision, ...] = ("fp32",)
    split: bool = False
    calibration: Path | None = None


@dataclass(frozen=True, slots=True)
class _Described:
    """What the manifest says of the model itself."""

    config: NetworkConfig
    preset: str
    margin: int
    told: Mapping[str, Any]  # of the keypoints, by the names in the manifest
    provenance: Provenance


def write_bundle(
    checkpoint: Path,
    folder: Path,
    provenance: Provenance | None = None,
    options: ExportOptions | None = None,
) -> Bundle:
    """Export `checkpoint` to `folder` and reopen it verified.

    Raises CheckpointError, ParityError, FootageError or BundleWriteError, and leaves what was there before untouched.
    """
    options = options or ExportOptions()
    _refuse_foreign_folder(folder)
    network, notes = load_checkpoint(checkpoint)
    provenance = provenance or Provenance(notes.get("data", "not stated"), int(notes.get("steps", 0)), {})
    # float32 is judged by the proof alone.
    needs_footage = options.precisions != ("fp32",)
    footage = read_footage(options.calibration, network.config.image_size) if needs_footage else Footage(())
    scene = proof_scene(network.config.image_size)
    graphs = make_graphs(network, *example_pictures(network.config.image_size))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        draft = Path(temporary) / folder.name
        draft.mkdir()
        preset = notes.get("preset", network.config.family)
        write_card(draft / "CARD.md", folder.name, preset, provenance)
        (draft / "LICENSE").write_text(LICENSE_TEXT)
        reference = ReferenceEngine(graphs)
        expected = render(reference, scene, margin_of(network))
        write_proof(draft / PARITY_FILE, scene, expected)
        job = Job(graphs, reference, footage, draft, network.config.image_size, margin_of(network))
        entries = write_precisions(job, options.precisions)
        split = _write_split(network, graphs, draft) if options.split else None
        told = {name: notes[name] for name in TOLD if name in notes}
        described = _Described(network.config, preset, margin_of(network), told, provenance)
        _write_manifest(draft, described, entries, split)
        bundle = open_bundle(draft)
        proven = {name: prove_precision(bundle, name, scene, expected, footage) for name in entries}
        _write_manifest(draft, described, proven, split)
        open_bundle(draft)
        _put_in_place(draft, folder)
    return open_bundle(folder)


def _write_split(network: PortraitNet, graphs: list[Graph[GraphName]], folder: Path) -> dict[SplitName, GraphEntry]:
    entries: dict[SplitName, GraphEntry] = {}
    for graph in make_split_graphs(network, graphs[-1]):
        path = folder / f"{graph.name}.fp32.onnx"
        export_graph(graph, path)
        share_products(path)
        entries[graph.name] = describe(graph, path)
    return entries


def _write_manifest(
    folder: Path,
    model: _Described,
    precisions: dict[Precision, PrecisionEntry],
    split: dict[SplitName, GraphEntry] | None,
) -> None:
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=folder.name,
        preset=model.preset,
        image_size=model.config.image_size,
        image_range=(0.0, 1.0),
        margin=model.margin,
        keypoint_count=model.config.keypoint_count,
        **model.told,
        precisions=precisions,
        split=split,
        files={name: sha256_of(folder / name) for name in DESCRIBED_FILES},
        training=TrainingEntry(
            data=model.provenance.data, steps=model.provenance.steps, metrics=model.provenance.metrics
        ),
        tools=_tools(),
    )
    text = json.dumps(manifest.model_dump(mode="json", exclude_none=True), indent=2)
    (folder / MANIFEST_FILE).write_text(text + "\n")


def _tools() -> dict[str, str]:
    """Versions of what made the bundle; what is not installed had no part in it."""
    versions: dict[str, str] = {}
    for tool in DESCRIBED_TOOLS:
        try:
            versions[tool] = importlib.metadata.version(tool)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _refuse_foreign_folder(folder: Path) -> None:
    """What is not a bundle is never replaced, but for an empty folder."""
    if not folder.exists() or (folder / MANIFEST_FILE).is_file():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise BundleWriteError(f"{folder} exists and is not a bundle; name a new folder")


def _put_in_place(draft: Path, folder: Path) -> None:
    if folder.exists():
        old = draft.parent / "replaced"
        folder.replace(old)
        draft.replace(folder)
        shutil.rmtree(old)
    else:
        draft.replace(folder)
