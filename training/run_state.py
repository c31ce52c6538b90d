"""What a run needs to continue exactly: optimiser moments, average and step, in one safetensors file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from models.checkpoint import CheckpointError


def save_run_state(
    path: Path,
    modules: dict[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    progress: dict[str, Any],
) -> None:
    """Write everything to `path` in one step; `progress` holds JSON values such as the step."""
    tensors: dict[str, Tensor] = {}
    for name, module in modules.items():
        tensors |= {f"{name}/{key}": value for key, value in module.state_dict().items()}
    for name, optimiser in optimisers.items():
        for index, slots in optimiser.state_dict()["state"].items():
            tensors |= {f"{name}/{index}/{slot}": torch.as_tensor(value) for slot, value in slots.items()}
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, {"progress": json.dumps(progress)})
    partial.replace(path)


def load_run_state(
    path: Path,
    modules: dict[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
) -> dict[str, Any]:
    """Restore what `save_run_state` wrote, in place, and return its `progress`; CheckpointError if it does not fit."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
            progress: dict[str, Any] = json.loads(file.metadata()["progress"])
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: cannot resume from it ({error}); start without --resume") from error
    try:
        for name, module in modules.items():
            module.load_state_dict(_under(name, tensors))
    except RuntimeError as error:
        raise CheckpointError(f"{path}: written by a run of other networks: {error}") from error
    for name, optimiser in optimisers.items():
        parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _under(name, tensors).items():
            index, slot = key.split("/")
            state.setdefault(int(index), {})[slot] = _laid_out_as(parameters[int(index)], value)
        optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    return progress


def _laid_out_as(parameter: Tensor, value: Tensor) -> Tensor:
    """`value` with the parameter's memory layout: fused optimisers pair the two by memory, not by index."""
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)


def _under(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    prefix = f"{name}/"
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
