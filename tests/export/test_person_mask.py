"""The person's mask as a graph: near torch, half the size, and refused where the checkpoint is another's."""

from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto
from safetensors.torch import save_file

from export.person_mask import LARGEST_DIFFERENCE, export_person_mask, main
from models.person_mask import PersonMask


def test_the_graph_is_near_torch_and_stores_halves(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = PersonMask()
    for norm in (module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        assert norm.running_mean is not None
        torch.nn.init.uniform_(norm.running_mean, -1, 1)
    assert export_person_mask(network, tmp_path / "mask.onnx") < LARGEST_DIFFERENCE
    large = [t for t in onnx.load(tmp_path / "mask.onnx").graph.initializer if len(t.raw_data) > 4096]
    assert large and {tensor.data_type for tensor in large} == {TensorProto.FLOAT16}


def test_a_strange_checkpoint_is_refused_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_file({"other": torch.zeros(3)}, tmp_path / "other.safetensors")
    assert main([str(tmp_path / "other.safetensors"), str(tmp_path / "mask.onnx")]) == 2
    assert "not a checkpoint of this network" in capsys.readouterr().err
    assert not (tmp_path / "mask.onnx").exists()
