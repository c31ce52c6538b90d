"""Two processes train as one: the same gradients, the same networks, one checkpoint, exact resumption, one stop."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models.checkpoint import load_checkpoint
from tests.training.two_ranks import (
    backward,
    gradients,
    gradients_of_part,
    joined_batch,
    network_without_batch_statistics,
    run_in_two,
    stopped_by_one,
    whole_and_resumed_run,
)
from training.parallel import Ranks
from training.sections import DataSettings, StageSettings
from training.settings import SettingsError, TrainingSettings
from training.trainer import Trainer

CPU = torch.device("cpu")
# Two processes, each importing torch, on a machine that may be busy.
pytestmark = pytest.mark.timeout(400)


def settings_of(clips: Path, steps: int, batch: int = 2) -> TrainingSettings:
    data = DataSettings(train=(clips,), validation=(clips,), stride=1, cache=clips.parent / "parallel-cache")
    stages = (StageSettings(size=64, batch=batch, steps=steps, learning_rate=(1e-3, 1e-4)),)
    return TrainingSettings(preset="live-xs", data=data, stages=stages, validation_steps=2, preview_steps=100)


def test_gradients_are_equal_and_those_of_the_joined_batch(tmp_path: Path) -> None:
    run_in_two(gradients_of_part, tmp_path)
    first, second = (load_file(tmp_path / f"{rank}.safetensors") for rank in range(2))
    network = network_without_batch_statistics()
    backward(network, *joined_batch())
    expected = gradients(network)
    assert first.keys() == second.keys() == expected.keys()
    for name in expected:
        assert torch.equal(first[name], second[name]), name
    # As one vector: single entries may be zero but for rounding. One pixel whose error is zero but for rounding
    # may turn the sign of its L1, which is 0.2 % of the whole; a sum in place of a mean would be 100 %.
    found, whole = (torch.cat([part[name].flatten() for name in expected]) for part in (first, expected))
    assert torch.linalg.vector_norm(found - whole) < 1e-2 * torch.linalg.vector_norm(whole)


def test_processes_hold_the_same_networks_and_resume_exactly(clips: Path, tmp_path: Path) -> None:
    run_in_two(whole_and_resumed_run, tmp_path, settings_of(clips, steps=4))
    whole, other, parts = (load_file(tmp_path / f"{name}.safetensors") for name in ("whole-0", "whole-1", "parts-1"))
    for name, value in whole.items():
        assert torch.equal(value, other[name]), name
        assert torch.equal(value, parts[name]), name
    checkpoint, notes = load_checkpoint(tmp_path / "whole" / "latest.safetensors")
    assert notes["steps"] == 4
    for name, value in checkpoint.state_dict().items():
        assert torch.equal(value, whole[f"average/{name}"]), name


def test_all_stop_at_the_step_where_one_is_asked_to(clips: Path, tmp_path: Path) -> None:
    run_in_two(stopped_by_one, tmp_path, settings_of(clips, steps=50))
    assert [(tmp_path / f"step-{rank}").read_text() for rank in range(2)] == ["3", "3"]
    _, notes = load_checkpoint(tmp_path / "stopped" / "latest.safetensors")
    assert notes["steps"] == 3


def test_torchrun_trains_and_one_process_writes(clips: Path, tmp_path: Path) -> None:
    config = tmp_path / "tiny.toml"
    config.write_text(
        f"""
        preset = "live-xs"
        data = {{ train = ["{clips}"], validation = ["{clips}"], stride = 1, cache = "{tmp_path / "cache"}" }}
        stages = [{{ size = 64, batch = 2, steps = 2, learning_rate = [1e-3, 1e-4] }}]
        """
    )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "-m", "training", str(config), "--out", str(tmp_path / "out"), "--device", "cpu"]
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    _, notes = load_checkpoint(tmp_path / "out" / "latest.safetensors")
    assert notes["steps"] == 2
    assert len(list((tmp_path / "out" / "tensorboard").iterdir())) == 1


def test_a_batch_that_cannot_be_divided_is_refused(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="batch of 3 .* 2 processes"):
        Trainer(settings_of(clips, steps=1, batch=3), tmp_path, CPU, Ranks(0, 2))
