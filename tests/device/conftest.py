"""These tests need a kernel with cameras: `make test-devices` boots one and runs them inside."""

import os
from pathlib import Path

import pytest

LOOPBACK = os.environ.get("MARIONET_DEVICES", "")  # "old" or "new" inside the machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips this folder outside the machine."""
    if not LOOPBACK:
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="needs kernel cameras: make test-devices boots them"))
