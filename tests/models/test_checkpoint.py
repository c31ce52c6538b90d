"""Checkpoints: exact round trip, and a clear refusal of what is not one."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models import PRESETS, build_network
from models.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from models.config import config_from_json, config_to_json


@pytest.mark.parametrize("preset", PRESETS)
def test_configuration_round_trip(preset: str) -> None:
    assert config_from_json(config_to_json(PRESETS[preset])) == PRESETS[preset]


def test_round_trip_is_exact(tmp_path: Path) -> None:
    network = build_network(PRESETS["live-xs"])
    save_checkpoint(tmp_path / "a.safetensors", network, {"steps": 3})
    loaded, notes = load_checkpoint(tmp_path / "a.safetensors")
    assert notes == {"steps": 3} and not loaded.training
    for (name, before), after in zip(network.state_dict().items(), loaded.state_dict().values(), strict=True):
        assert torch.equal(before, after), name


def test_half_precision_halves_the_file(tmp_path: Path) -> None:
    network = build_network(PRESETS["live-xs"])
    save_checkpoint(tmp_path / "full.safetensors", network, {})
    save_checkpoint(tmp_path / "half.safetensors", network, {}, half=True)
    full, half = ((tmp_path / f"{name}.safetensors").stat().st_size for name in ("full", "half"))
    assert half < 0.6 * full
    assert next(load_checkpoint(tmp_path / "half.safetensors")[0].parameters()).dtype == torch.float32


def test_refusals_name_the_file(tmp_path: Path) -> None:
    garbage, foreign = tmp_path / "garbage.safetensors", tmp_path / "foreign.safetensors"
    garbage.write_bytes(b"\x80\x04not a safetensors file")
    save_file({"weight": torch.zeros(1)}, foreign)
    for path in (garbage, foreign, tmp_path / "missing.safetensors"):
        with pytest.raises(CheckpointError, match=path.name):
            load_checkpoint(path)


def test_nan_is_refused(tmp_path: Path) -> None:
    network = build_network(PRESETS["live-xs"])
    with torch.no_grad():
        network.dense_motion.head.weight[0, 0, 0, 0] = float("nan")
    save_checkpoint(tmp_path / "nan.safetensors", network, {})
    with pytest.raises(CheckpointError, match="NaN"):
        load_checkpoint(tmp_path / "nan.safetensors")
