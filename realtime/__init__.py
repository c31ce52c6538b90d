"""The live runtime: camera -> Animator -> sink, on NumPy, OpenCV and an inference runtime; it never imports torch.

run_live.py builds the parts from Settings and hands them to LiveLoop (live) or run_offline (file to file). Both call
Animator, which calls an Engine with the graphs of a Bundle. Devices and engines know nothing of each other.

From Python, the names below are all that is needed (docs/at-the-wheel.md).
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime.animator import Animator, AnimatorOptions
    from realtime.devices.cameras import open_recorded_camera
    from realtime.errors import MarionetError
    from realtime.frames import AnimatedFrame, Frame

__all__ = ["AnimatedFrame", "Animator", "AnimatorOptions", "Frame", "MarionetError", "open_recorded_camera"]

_HOMES = {
    "AnimatedFrame": "realtime.frames",
    "Animator": "realtime.animator",
    "AnimatorOptions": "realtime.animator",
    "Frame": "realtime.frames",
    "MarionetError": "realtime.errors",
    "open_recorded_camera": "realtime.devices.cameras",
}


def __getattr__(name: str) -> object:
    """The public names, loaded when first asked for: importing a part must not import the whole."""
    if name not in _HOMES:
        raise AttributeError(f"module 'realtime' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
