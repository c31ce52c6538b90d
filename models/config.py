"""Shapes of the networks: two families of frozen configurations and their named presets."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class PaperConfig:
    """The architecture of Siarohin et al., CVPR 2019, as configured in the authors' repository (nemo, vox)."""

    image_size: int
    working_scale: float
    generator_blocks: int
    family: Literal["paper"] = "paper"
    keypoint_count: int = 10
    temperature: float = 0.1
    minimum_spread: float = 1e-3
    width: int = 32
    maximum_width: int = 1024
    detector_blocks: int = 5
    motion_blocks: int = 5
    group_blocks: int = 2
    refinement_blocks: int = 4
    heatmap_divisor: float = 100.0


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """The efficient family: small U-Nets for keypoints and motion, a residual trunk at a quarter of the picture's size.

    Widths run from the finest level to the coarsest. `context_widths` are those of a U-Net on the encoded source, which
    is cached with it and costs a live frame nothing; empty for none. `source_width` is how many channels the encoded
    source has, as many as the trunk by default. The blocks of a `separable_trunk` are an eighth of the work, and
    `summed_skips` make the U-Nets for keypoints and motion two thirds of theirs. The source's picture is cached at
    `source_scale` times its size: reading it between its pixels then blurs it less.
    """

    detector_widths: tuple[int, ...]
    motion_widths: tuple[int, ...]
    encoder_width: int
    trunk_width: int
    trunk_blocks: int
    detail_width: int
    detail_convolutions: int
    image_size: int = 256
    family: Literal["live"] = "live"
    keypoint_count: int = 24
    temperature: float = 0.1
    covariance_floor: float = 5e-3
    context_widths: tuple[int, ...] = ()
    source_width: int | None = None
    separable_trunk: bool = False
    summed_skips: bool = False
    source_scale: int = 1


NetworkConfig = PaperConfig | LiveConfig

_LIVE_S = LiveConfig(
    (24, 48, 96, 128),
    (24, 48, 96, 128),
    32,
    96,
    2,
    32,
    2,
    context_widths=(96, 96, 128, 160),
    summed_skips=True,
    source_scale=2,
)

PRESETS: dict[str, NetworkConfig] = {
    "paper-64": PaperConfig(image_size=64, working_scale=1.0, generator_blocks=5),
    "paper-256": PaperConfig(image_size=256, working_scale=0.25, generator_blocks=7),
    # It moves as live-s does and sees a portrait as live-s does: only what paints is smaller (docs/decisions/064, 069).
    "live-xs": dataclasses.replace(
        _LIVE_S, source_width=96, trunk_width=64, trunk_blocks=1, separable_trunk=True, detail_width=16
    ),
    "live-s": _LIVE_S,
    "live-m": LiveConfig((32, 64, 128, 192), (32, 64, 128, 192), 40, 128, 2, 40, 2),
    "live-l": LiveConfig((48, 96, 160, 256), (40, 80, 160, 256), 64, 160, 3, 56, 2),
}


def config_to_json(config: NetworkConfig) -> dict[str, Any]:
    """A plain dictionary from which `config_from_json` makes the same configuration."""
    return dataclasses.asdict(config)


def config_from_json(values: dict[str, Any]) -> NetworkConfig:
    """The configuration written by `config_to_json`; ValueError names an unknown family or field."""
    families = {"paper": PaperConfig, "live": LiveConfig}
    family = values.get("family")
    if family not in families:
        raise ValueError(f"network family is {family!r}; expected one of {sorted(families)}")
    kind = families[family]
    unknown = set(values) - {field.name for field in dataclasses.fields(kind)}
    if unknown:
        raise ValueError(f"unknown network settings {sorted(unknown)} for family {family!r}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
