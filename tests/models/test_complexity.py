"""The presets cost what they promise."""

import pytest

from models import PRESETS, build_network
from models.complexity import parameter_count, stage_multiply_adds

LIVE_BUDGETS = {"live-xs": 0.60e9, "live-s": 2.25e9, "live-m": 4.2e9, "live-l": 8.8e9}


def test_paper_256_matches_the_authors_vox_configuration() -> None:
    network = build_network(PRESETS["paper-256"])
    stages = stage_multiply_adds(network)
    assert parameter_count(network) == pytest.approx(94.8e6, rel=0.01)
    assert sum(stages.values()) == pytest.approx(31.2e9, rel=0.01)
    assert stages["detect_keypoints"] == pytest.approx(1.0e9, rel=0.01)
    assert stages["decode"] == pytest.approx(23.4e9, rel=0.01)


@pytest.mark.parametrize("preset", LIVE_BUDGETS)
def test_live_preset_keeps_its_budget(preset: str) -> None:
    stages = stage_multiply_adds(build_network(PRESETS[preset]))
    per_frame = sum(cost for stage, cost in stages.items() if stage != "encode_source")
    assert per_frame == pytest.approx(LIVE_BUDGETS[preset], rel=0.10)


def test_counting_leaves_the_network_as_it_was() -> None:
    network = build_network(PRESETS["live-xs"]).train()
    stage_multiply_adds(network)
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())
