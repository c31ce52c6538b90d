"""Which other programs hold a device open, as far as this user may see (Linux)."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Holder:
    """A process with the device open."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def holders(device: str) -> list[Holder]:
    """The processes of this user (of everyone, for root) that hold device open, without this one. Empty elsewhere."""
    if not Path("/proc/self/fd").is_dir():
        return []
    own = os.getpid()
    real = os.path.realpath(device)
    with os.scandir("/proc") as entries:
        pids = [int(entry.name) for entry in entries if entry.name.isdigit()]
    return [Holder(pid, _name(pid)) for pid in pids if pid != own and _holds(pid, real)]


def _holds(pid: int, device: str) -> bool:
    try:
        with os.scandir(f"/proc/{pid}/fd") as links:
            return any(_target(Path(link.path)) == device for link in links)
    except OSError:  # gone meanwhile, or another user's
        return False


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        return "a program"
