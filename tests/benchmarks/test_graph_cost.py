"""The cost read from a file is the cost counted in the network it was made of."""

from pathlib import Path

import pytest

from benchmarks.graph_cost import multiply_adds
from benchmarks.preset_bundle import write_untrained_bundle
from models import PRESETS, build_network
from models.complexity import stage_multiply_adds
from realtime.bundle import Bundle, open_bundle


def test_an_exported_preset_costs_what_its_network_costs(tmp_path: Path) -> None:
    bundle = open_bundle(write_untrained_bundle(PRESETS["live-xs"], "live-xs", tmp_path))
    counted = stage_multiply_adds(build_network(PRESETS["live-xs"]))
    assert multiply_adds(bundle.graph_path("detect_keypoints")) == pytest.approx(counted["detect_keypoints"], rel=0.05)
    animate = counted["dense_motion"] + counted["decode"]
    assert multiply_adds(bundle.graph_path("animate")) == pytest.approx(animate, rel=0.05)


def test_a_graph_without_products_costs_nothing(tiny_bundle: Bundle) -> None:
    assert multiply_adds(tiny_bundle.graph_path("encode_source")) == 0
