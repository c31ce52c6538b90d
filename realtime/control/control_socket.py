"""A local socket through which other programs of the same user give commands to a running instance.

One connection carries one command: a line of text in, a line of JSON out. Folder and socket are their owner's alone.
"""

import contextlib
import json
import logging
import os
import socket
import stat
import struct
import tempfile
import threading
from concurrent.futures import TimeoutError as NoAnswer
from pathlib import Path

from realtime.closing import Closing
from realtime.controls import CommandQueue, parse_command
from realtime.errors import CommandError, MarionetError

SUFFIX = ".sock"
LONGEST_LINE = 8192
CLIENT_S = 2.0  # a client slower than this is let go
ANSWER_S = 10.0

log = logging.getLogger(__name__)


def socket_folder() -> Path:
    """Where running instances listen: <runtime folder of the user>/marionet. Raises CommandError if it is another's."""
    if not hasattr(socket, "AF_UNIX"):
        raise CommandError("this system has no local sockets for Python", hint="use the keys of window and terminal")
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(base) / "marionet" if base else Path(tempfile.gettempdir()) / f"marionet-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise CommandError(f"{folder}: not a folder of yours alone", hint=f"remove it, or: chmod 700 {folder}")
    return folder


class ControlSocket(Closing):
    """Listens on a thread of its own until closed. Raises CommandError where no socket can be opened."""

    def __init__(self, commands: CommandQueue) -> None:
        self._commands = commands
        self.path = socket_folder() / f"{os.getpid()}{SUFFIX}"
        self.path.unlink(missing_ok=True)  # left by a killed process of the same number
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.bind(str(self.path))
        except OSError as error:
            self._socket.close()
            raise CommandError(
                f"{self.path}: cannot listen ({error.strerror or error})", hint="set XDG_RUNTIME_DIR to a short path"
            ) from None
        self.path.chmod(0o600)
        self._socket.listen(4)
        self._closing = False
        self._thread = threading.Thread(target=self._listen, name="control socket", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening and removes the socket; closing twice is safe."""
        if self._closing:
            return
        self._closing = True
        # A plain close would leave accept waiting for ever.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(CLIENT_S)
        self.path.unlink(missing_ok=True)

    def _listen(self) -> None:
        while not self._closing:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            # One thread each: a command that is waited for must not keep others from quitting.
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(CLIENT_S)
            if not _is_own(client):
                return
            client.sendall((json.dumps(self._answer(_line(client))) + "\n").encode())

    def _answer(self, line: str) -> dict[str, object]:
        try:
            reply = self._commands.post(parse_command(line))
            return {"ok": True, "message": reply.result(ANSWER_S)}
        except MarionetError as error:
            return {"ok": False, "message": error.message, "hint": error.hint}
        except NoAnswer:
            return {"ok": False, "message": f"{line}: no answer within {ANSWER_S:g} s", "hint": "is a camera running?"}


def _line(client: socket.socket) -> str:
    """What the client wrote up to its first line end."""
    data = b""
    while b"\n" not in data and len(data) < LONGEST_LINE:
        received = client.recv(LONGEST_LINE)
        if not received:
            break
        data += received
    return data.partition(b"\n")[0].decode("utf-8", "replace")


def _is_own(client: socket.socket) -> bool:
    """Whether the process at the other end runs as the same user; the folder's permissions hold where none can tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, user, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return bool(user == os.getuid())
