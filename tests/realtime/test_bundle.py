"""Bundles: a good one opens; every kind of damage is refused by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.bundle import Bundle, open_bundle, sha256_of
from realtime.errors import BundleError
from realtime.manifest import Manifest

Edit = Callable[[dict[str, Any]], object]


def _edit_manifest(folder: Path, edit: Edit) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    edit(manifest)
    path.write_text(json.dumps(manifest))


def _graphs(manifest: dict[str, Any]) -> dict[str, Any]:
    graphs: dict[str, Any] = manifest["precisions"]["fp32"]["graphs"]
    return graphs


def test_a_good_bundle_opens(tiny_bundle: Bundle) -> None:
    assert tiny_bundle.image_size == 64
    assert tiny_bundle.graph_path("animate").name == "animate.onnx"


def test_a_precision_it_lacks_is_refused_with_those_it_has(tiny_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="holds fp32; asked for int8") as refusal:
        tiny_bundle.graph_path("animate", "int8")
    assert "--precision fp32,int8" in refusal.value.hint


@given(
    st.text(max_size=20),
    st.integers(16, 2048),
    st.integers(0, 10**9),
    st.dictionaries(st.text(max_size=5), st.floats(0, 1)),
)
def test_manifest_survives_the_round_trip(
    tiny_bundle: Bundle, name: str, size: int, steps: int, metrics: dict[str, float]
) -> None:
    training = tiny_bundle.manifest.training.model_copy(update={"steps": steps, "metrics": metrics})
    manifest = tiny_bundle.manifest.model_copy(update={"name": name, "image_size": size, "training": training})
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


DAMAGED_MANIFESTS: dict[str, tuple[Edit, str]] = {
    "foreign schema": (lambda m: m.update(schema_version=1), "schema_version"),
    "extra field": (lambda m: m.update(colour="red"), "colour"),
    "missing field": (lambda m: m.pop("image_size"), "image_size"),
    "missing graph": (lambda m: _graphs(m).pop("animate"), "fp32: graph animate is missing"),
    "parts beyond the keypoints": (lambda m: m.update(parts={"face": [0, 99]}), "parts: face names keypoint 99"),
    "depths of no face": (lambda m: m.update(depths=[0.5, 0.1]), "depths: 2 for "),
    "openings beyond the keypoints": (lambda m: m.update(openings=[[0, 99]]), "an opening names keypoint 99"),
    "depths of no hair": (lambda m: m.update(hair_depths=[[0.5, 0.1]]), "hair_depths: 1 for 0 keypoints of the hair"),
    "mirrors beyond the keypoints": (lambda m: m.update(mirrors=[[0, 99]]), "a pair of mirrors names keypoint 99"),
    "mirrors beside the face": (
        lambda m: m.update(parts={"face": [0]}, depths=[], mirrors=[[0, 1]]),
        "mirrors: keypoint 1 is not of the face",
    ),
    "no such part": (lambda m: m.update(parts={"nose": [0]}), "parts.nose"),
    "no fp32": (lambda m: m["precisions"].update(fp16=m["precisions"].pop("fp32")), "precision fp32 is missing"),
    "unknown precision": (lambda m: m["precisions"].update(int4=m["precisions"]["fp32"]), "precisions.int4"),
    "unknown graph": (lambda m: _graphs(m).update(other=_graphs(m)["animate"]), "graphs.other"),
    "short hash": (lambda m: _graphs(m)["animate"].update(sha256="abc"), "graphs.animate.sha256"),
    "path out of the folder": (lambda m: _graphs(m)["animate"].update(file="../animate.onnx"), "graphs.animate.file"),
    "wrong size": (lambda m: m.update(image_size=128), "detect_keypoints: expected inputs image 1x3x128x128"),
    "a margin that no graph takes": (lambda m: m.update(margin=8), "encode_source: expected inputs around 1x3x80x80"),
    "wrong keypoint count": (lambda m: m.update(keypoint_count=4), "expected outputs covariance 1x4x2x2"),
    "graphs that do not fit": (lambda m: _graphs(m)["animate"]["inputs"].pop(0), "animate: expected inputs"),
}


@pytest.mark.parametrize("case", DAMAGED_MANIFESTS)
def test_a_damaged_manifest_is_refused(own_bundle: Path, case: str) -> None:
    edit, told = DAMAGED_MANIFESTS[case]
    _edit_manifest(own_bundle, edit)
    with pytest.raises(BundleError) as refusal:
        open_bundle(own_bundle)
    assert "manifest.json" in refusal.value.message
    assert told in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize(
    "file", ["detect_keypoints.onnx", "encode_source.onnx", "animate.onnx", "parity.npz", "LICENSE"]
)
def test_a_tampered_file_is_refused_with_both_hashes(own_bundle: Path, file: str) -> None:
    expected = sha256_of(own_bundle / file)
    with (own_bundle / file).open("ab") as target:
        target.write(b"!")
    with pytest.raises(BundleError) as refusal:
        open_bundle(own_bundle)
    for part in (file, expected[:12], sha256_of(own_bundle / file)[:12]):
        assert part in refusal.value.message


def test_a_truncated_graph_is_refused(own_bundle: Path) -> None:
    graph = own_bundle / "animate.onnx"
    graph.write_bytes(graph.read_bytes()[:40])
    with pytest.raises(BundleError, match=r"animate\.onnx: wrong content"):
        open_bundle(own_bundle)


def test_a_missing_file_is_named(own_bundle: Path) -> None:
    (own_bundle / "encode_source.onnx").unlink()
    with pytest.raises(BundleError, match=r"encode_source\.onnx: cannot be read"):
        open_bundle(own_bundle)


def test_a_truncated_manifest_is_refused(own_bundle: Path) -> None:
    manifest = own_bundle / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:100])
    with pytest.raises(BundleError, match=r"manifest\.json"):
        open_bundle(own_bundle)


def test_a_folder_that_is_no_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="there is no bundle here") as refusal:
        open_bundle(tmp_path / "nowhere")
    assert "--bundle" in refusal.value.hint
