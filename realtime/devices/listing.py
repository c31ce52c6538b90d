"""`run_live.py devices`: the cameras and virtual cameras of this machine, with their names and modes."""

import argparse
import sys
from collections.abc import Sequence

from realtime.devices.camera_list import CameraInfo, list_cameras
from realtime.devices.camera_modes import summary
from realtime.devices.holders import holders
from realtime.devices.loopback import SET_UP, virtual_cameras


def main(arguments: Sequence[str]) -> int:
    """0, after printing them."""
    argparse.ArgumentParser(prog="run_live.py devices", description=__doc__).parse_args(arguments)
    print("\n".join([*_camera_lines(list_cameras()), "", *_virtual_camera_lines()]))
    return 0


def _camera_lines(cameras: Sequence[CameraInfo]) -> list[str]:
    if not cameras:
        return ["no cameras found"]
    lines = ["cameras, by index, path or name:"]
    for camera in cameras:
        lines.append(f"  {camera.address}  {camera.name}  ({camera.path}; {camera.identity}){_use_of(camera.path)}")
        lines.extend(f"      {line}" for line in summary(camera.modes))
    return lines


def _virtual_camera_lines() -> list[str]:
    if sys.platform != "linux":
        return ["virtual cameras: virtualcam: opens OBS's or Unity Capture's; they are not listed here"]
    nodes = virtual_cameras()
    if not nodes:
        return ["no virtual camera found", f"  make one: {SET_UP}"]
    lines = ["virtual cameras, to send to:"]
    lines.extend(f"  virtualcam:{node.path}  {node.name}{_use_of(node.path)}" for node in nodes)
    return lines


def _use_of(path: str) -> str:
    using = ", ".join(str(holder) for holder in holders(path))
    return f"  open in {using}" if using else ""
