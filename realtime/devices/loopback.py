"""v4l2loopback, Linux's virtual camera: which devices there are, and what its traps need done about them."""

from pathlib import Path

from realtime.devices.v4l2 import LOOPBACK_DRIVER, VideoNode, video_nodes

SET_UP = "sudo sh scripts/virtual-camera.sh"
MODULE = Path("/sys/module/v4l2loopback")
FIRST_WITHOUT_REOPEN_BUG = (0, 13)


def virtual_cameras() -> list[VideoNode]:
    """v4l2loopback's devices, whether they take pictures now (idle or reserved) or give them."""
    return [node for node in video_nodes() if node.driver == LOOPBACK_DRIVER]


def advice(cause: str, device: str | None) -> str:
    """What to do about a virtual camera that could not be opened, as commands to copy. cause: the library's words."""
    if not MODULE.exists():
        return f"load the driver: {SET_UP}; or pass --sink window:"
    version = _version()
    if "not a video output device" in cause and version < FIRST_WITHOUT_REOPEN_BUG:
        # With exclusive_caps=1 a device that was once opened and closed stays a camera that gives pictures.
        return (
            f"v4l2loopback {'.'.join(map(str, version))} cannot be opened a second time: close the programs that read "
            f"it, then sudo modprobe -r v4l2loopback && {SET_UP}; version 0.13 or newer needs no reload"
        )
    if device and not Path(device).exists():
        there = ", ".join(f"virtualcam:{node.path}" for node in virtual_cameras())
        return (
            f"choose one of: {there}" if there else f"load the driver anew: sudo modprobe -r v4l2loopback && {SET_UP}"
        )
    return f"close the program that sends to it, or make another: sudo modprobe -r v4l2loopback && {SET_UP}"


def _version() -> tuple[int, ...]:
    """Of the loaded module, (0,) where it does not say."""
    try:
        return tuple(int(part) for part in (MODULE / "version").read_text("ascii").strip().split("."))
    except (OSError, ValueError):
        return (0,)
