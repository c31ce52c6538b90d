"""The network that a run starts with: a fresh one, or a trained one, and what a teacher hands on."""

import copy
from dataclasses import replace

from models.checkpoint import CheckpointError, load_checkpoint
from models.config import PRESETS, LiveConfig
from models.live_transfer import Context
from models.portrait_net import PortraitNet, build_network
from realtime.parts import TOLD
from training.distillation import take_over
from training.settings import TrainingSettings


def starting_network(settings: TrainingSettings) -> tuple[PortraitNet, dict[str, object]]:
    """Fresh networks of the preset, or the `initial` checkpoint's, which must be of it; and the face's named parts.

    What a teacher hands on is in its place.
    """
    config, guide = PRESETS[settings.preset], settings.landmarks
    face: dict[str, object] = {name: getattr(guide, name) for name in TOLD} if guide else {}
    if settings.initial is None:
        network, known = build_network(config), face
    else:
        network, notes = load_checkpoint(settings.initial)
        refusal = f"{settings.initial}: not of preset {settings.preset}; correct `initial` or `preset`"
        network = grown_like(build_network(config), network, refusal).requires_grad_(True)
        # All else that is told is of the parts beside which they are named.
        known = face if guide and guide.parts else _face(notes) | {name: said for name, said in face.items() if said}
    if settings.teacher:
        teacher, notes = load_checkpoint(settings.teacher.checkpoint)
        take_over(network, teacher, settings.teacher.checkpoint)
        known |= _face(notes)
    return network, known


def grown_like(other: PortraitNet, network: PortraitNet, refusal: str) -> PortraitNet:
    """`network`, with the context of `other`, adding nothing yet, if it was trained without one, and its source scale.

    CheckpointError with `refusal` if they differ in more.
    """
    if network.config == other.config:
        return network
    if not isinstance(network.config, LiveConfig) or not isinstance(other.config, LiveConfig):
        raise CheckpointError(refusal)
    without_context = not network.config.context_widths
    context_widths = other.config.context_widths if without_context else network.config.context_widths
    alike = replace(network.config, source_scale=other.config.source_scale, context_widths=context_widths)
    if alike != other.config:
        raise CheckpointError(refusal)
    grown = copy.deepcopy(other)
    grown.load_state_dict(network.state_dict(), strict=False)
    context = grown.motion_transfer.context
    if without_context and isinstance(context, Context):
        context.add_nothing()
    return grown


def _face(notes: dict[str, object]) -> dict[str, object]:
    return {name: notes[name] for name in TOLD if name in notes}
