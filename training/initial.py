"""The network that a run starts with: a fresh one, or a trained one, and what a teacher hands on."""

import copy
from dataclasses import replace
from pathlib import Path

from models.checkpoint import CheckpointError, load_checkpoint
from models.config import PRESETS, LiveConfig, NetworkConfig
from models.live_transfer import Context
from models.portrait_net import PortraitNet, build_network
from training.distillation import take_over
from training.settings import TrainingSettings


def starting_network(settings: TrainingSettings) -> tuple[PortraitNet, dict[str, object]]:
    """Fresh networks of the preset, or the `initial` checkpoint's, which must be of it; and the face's named parts.

    What a teacher hands on is in its place.
    """
    config, guide = PRESETS[settings.preset], settings.landmarks
    face: dict[str, object] = {"parts": guide.parts, "openings": guide.openings} if guide else {}
    if settings.initial is None:
        network, known = build_network(config), face
    else:
        network, notes = load_checkpoint(settings.initial)
        network = _of_preset(network, config, settings.initial, settings.preset).requires_grad_(True)
        known = _face(notes) | {name: said for name, said in face.items() if said}
    if settings.teacher:
        teacher, notes = load_checkpoint(settings.teacher.checkpoint)
        take_over(network, teacher, settings.teacher.checkpoint)
        known |= _face(notes)
    return network, known


def grown_like(later: PortraitNet, earlier: PortraitNet, path: Path) -> PortraitNet:
    """`earlier`, from `path`, with `later`'s context, adding nothing yet, if it was trained without one.

    CheckpointError if they differ in more.
    """
    if earlier.config == later.config:
        return earlier
    if not isinstance(later.config, LiveConfig) or earlier.config != replace(later.config, context_widths=()):
        raise CheckpointError(f"{path}: of another shape than the later checkpoint; name the one that it started from")
    grown = copy.deepcopy(later)
    grown.load_state_dict(earlier.state_dict(), strict=False)
    context = grown.motion_transfer.context
    assert isinstance(context, Context)
    context.add_nothing()
    return grown


def _of_preset(network: PortraitNet, config: NetworkConfig, path: Path, preset: str) -> PortraitNet:
    """The network from `path`, with a context that adds nothing yet if it was trained without one."""
    if network.config == config:
        return network
    if isinstance(config, LiveConfig) and network.config == replace(config, context_widths=()):
        grown = build_network(config)
        grown.load_state_dict(network.state_dict(), strict=False)
        return grown
    raise CheckpointError(f"{path}: not of preset {preset}; correct `initial` or `preset`")


def _face(notes: dict[str, object]) -> dict[str, object]:
    return {name: notes[name] for name in ("parts", "openings") if name in notes}
