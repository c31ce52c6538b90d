"""`--verify` proves a bundle again, and finds what was changed together with its hash."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from export.__main__ import main
from realtime.bundle import open_bundle, sha256_of

# Exports a network three times over: half a minute alone, minutes on a busy machine.
pytestmark = pytest.mark.timeout(600)


def test_verify_repeats_the_proof(bundle_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--verify", str(bundle_folder), "--engine", "onnx-cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["onnx-cpu fp32", "onnx-cpu fp16", "onnx-cpu int8"]
    assert all(line.endswith("good") for line in lines)


def test_verify_takes_an_engine_with_its_precision(bundle_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--verify", str(bundle_folder), "--engine", "onnx-cpu:fp32"]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("onnx-cpu fp32: keypoints")
    for engine, said in (("onnx-cpu:bf16", "computes in"), ("onnx-cpu:fp9", "unknown precision"), ("onnx", "unknown")):
        assert main(["--verify", str(bundle_folder), "--engine", engine]) == 2
        assert said in capsys.readouterr().err


def test_verify_finds_a_graph_that_was_changed_with_its_hash(bundle_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tampered"
    shutil.copytree(bundle_folder, folder)
    bundle = open_bundle(folder)
    path = bundle.graph_path("animate")
    model = onnx.load(str(path))
    head = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("motion_transfer.head.weight"))
    head.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(head) * np.float32(1.1), head.name))
    onnx.save(model, str(path))
    manifest = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(manifest.replace(bundle.graph("animate").sha256, sha256_of(path)))
    assert main(["--verify", str(folder), "--engine", "onnx-cpu"]) == 2
