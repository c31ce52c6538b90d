"""The authors' YAML into our configuration: what our networks compute is accepted, all else is named and refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from models.config import PaperConfig

DETECTOR, GENERATOR = "kp_detector_params", "generator_params"
MOTION = f"{GENERATOR}.dense_motion_params"
MASK = f"{MOTION}.mask_embedding_params"
EMBEDDING = f"{GENERATOR}.kp_embedding_params"
COMMON = "common_params"

# What a setting is where the YAML leaves it out: the authors' defaults.
DEFAULTS: dict[str, Any] = {
    f"{DETECTOR}.scale_factor": 1,
    f"{DETECTOR}.clip_variance": None,
    f"{GENERATOR}.interpolation_mode": "nearest",
    f"{MOTION}.scale_factor": 1,
    f"{MOTION}.num_group_blocks": 0,
    f"{MOTION}.bg_init": 2,
    **{
        f"{section}.{name}": value
        for section in (MASK, EMBEDDING)
        for name, value in {
            "use_heatmap": True,
            "use_difference": False,
            "use_deformed_source_image": False,
            "heatmap_type": "gaussian",
            "norm_const": "sum",
            "scale_factor": 1,
        }.items()
    },
}
# What our networks have built in.
BUILT_IN: dict[str, Any] = {
    f"{COMMON}.kp_variance": "matrix",
    f"{COMMON}.num_channels": 3,
    f"{GENERATOR}.interpolation_mode": "nearest",
    f"{MOTION}.use_mask": True,
    f"{MOTION}.use_correction": True,
    f"{MASK}.use_heatmap": True,
    f"{MASK}.use_deformed_source_image": True,
    f"{MASK}.use_difference": False,
    f"{MASK}.heatmap_type": "difference",
    f"{MASK}.scale_factor": 1,
    f"{EMBEDDING}.use_heatmap": True,
    f"{EMBEDDING}.use_deformed_source_image": False,
    f"{EMBEDDING}.use_difference": False,
    f"{EMBEDDING}.heatmap_type": "difference",
}
# Settings that are one in ours: each must equal the first of its row.
ONE_IN_OURS = (
    (f"{DETECTOR}.scale_factor", f"{MOTION}.scale_factor", f"{EMBEDDING}.scale_factor"),
    (f"{DETECTOR}.block_expansion", f"{GENERATOR}.block_expansion", f"{MOTION}.block_expansion"),
    (f"{DETECTOR}.max_features", f"{GENERATOR}.max_features", f"{MOTION}.max_features"),
    (f"{MASK}.norm_const", f"{EMBEDDING}.norm_const"),
)
OURS = (
    f"{COMMON}.num_kp",
    *(f"{DETECTOR}.{name}" for name in ("temperature", "num_blocks", "clip_variance")),
    *(f"{GENERATOR}.{name}" for name in ("num_blocks", "num_refinement_blocks")),
    *(f"{MOTION}.{name}" for name in ("num_blocks", "num_group_blocks", "bg_init")),
)


class OriginalConfigError(Exception):
    """A configuration that our networks do not compute; the message names the setting."""


def read_original_config(path: Path) -> PaperConfig:
    """Our configuration of the networks that the authors' YAML describes. Raises OriginalConfigError."""
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise OriginalConfigError(f"{path}: not a readable YAML file ({reason}); name the authors' vox.yaml") from error
    if not isinstance(values, Mapping) or not isinstance(values.get("model_params"), Mapping):
        raise OriginalConfigError(f"{path}: has no model_params; name the authors' vox.yaml or one like it")
    model = {name: part for name, part in values["model_params"].items() if name != "discriminator_params"}
    settings = DEFAULTS | _flat(model)
    _refuse_what_we_do_not_compute(path, settings)
    return PaperConfig(
        image_size=_image_size(path, values),
        working_scale=float(settings[f"{DETECTOR}.scale_factor"]),
        generator_blocks=settings[f"{GENERATOR}.num_blocks"],
        keypoint_count=settings[f"{COMMON}.num_kp"],
        temperature=float(settings[f"{DETECTOR}.temperature"]),
        minimum_spread=float(settings[f"{DETECTOR}.clip_variance"] or 0.0),
        width=settings[f"{GENERATOR}.block_expansion"],
        maximum_width=settings[f"{GENERATOR}.max_features"],
        detector_blocks=settings[f"{DETECTOR}.num_blocks"],
        motion_blocks=settings[f"{MOTION}.num_blocks"],
        group_blocks=settings[f"{MOTION}.num_group_blocks"],
        refinement_blocks=settings[f"{GENERATOR}.num_refinement_blocks"],
        heatmap_divisor=float(settings[f"{MASK}.norm_const"]),
    )


def _refuse_what_we_do_not_compute(path: Path, settings: Mapping[str, Any]) -> None:
    known = {*BUILT_IN, *OURS, *(name for row in ONE_IN_OURS for name in row)}
    unknown = sorted(set(settings) - known)
    missing = sorted(known - set(settings))
    if unknown or missing:
        what = f"{unknown[0]} is not known" if unknown else f"{missing[0]} is missing"
        raise OriginalConfigError(f"{path}: {what}; the networks of the paper's final configurations can be imported")
    for name, expected in BUILT_IN.items():
        if settings[name] != expected:
            raise OriginalConfigError(f"{path}: {name} is {settings[name]!r}; ours computes {expected!r} alone")
    for first, *others in ONE_IN_OURS:
        for name in others:
            if settings[name] != settings[first]:
                raise OriginalConfigError(
                    f"{path}: {name} is {settings[name]!r} and {first} is {settings[first]!r}; in ours they are one"
                )
    if not isinstance(settings[f"{MASK}.norm_const"], int | float):
        raise OriginalConfigError(f"{path}: {MASK}.norm_const is 'sum'; ours divides heatmaps by a number")


def _flat(section: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by their dotted names."""
    flat: dict[str, Any] = {}
    for name, value in section.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def _image_size(path: Path, values: Mapping[str, Any]) -> int:
    """The side of the square pictures it was trained on."""
    data = values.get("dataset_params") or {}
    shape = data.get("image_shape") or (data.get("augmentation_params") or {}).get("crop_param", {}).get("size")
    if not shape or shape[0] != shape[1]:
        raise OriginalConfigError(f"{path}: dataset_params gives no square image_shape nor crop; found {shape!r}")
    return int(shape[0])
