"""`run_live.py ctl COMMAND`: gives a command to a running instance, and prints its answer."""

import argparse
import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from realtime.control.command_table import CONTROLS
from realtime.control.control_socket import ANSWER_S, SUFFIX, socket_folder
from realtime.errors import CommandError

NOT_RUNNING = CommandError("no running instance found", hint="start one first: make live")


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the command was obeyed. Raises CommandError with what the instance said where it was not."""
    parser = argparse.ArgumentParser(
        prog="run_live.py ctl",
        description="Gives a command to a running instance.",
        epilog="commands:\n" + "\n".join(f"  {control.usage:<34} {control.help}" for control in CONTROLS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pid", type=int, help="which instance, where several run")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="a command and its argument")
    chosen = parser.parse_args(list(arguments))
    if not chosen.command:
        parser.print_help()
        return 0
    print(asked(" ".join(chosen.command), chosen.pid))
    return 0


def asked(line: str, pid: int | None = None) -> str:
    """What the instance says to the command on line. Raises CommandError if it refuses, or if there is no instance."""
    with _connected(_socket_path(pid)) as connection:
        connection.sendall(line.encode() + b"\n")
        with connection.makefile(encoding="utf-8") as answers:
            answer = answers.readline()
    if not answer:
        raise CommandError("the instance ended before it answered", hint="start it again: make live")
    told = json.loads(answer)
    if not told["ok"]:
        raise CommandError(told["message"], hint=told["hint"])
    return str(told["message"])


def _socket_path(pid: int | None) -> Path:
    folder = socket_folder()
    if pid is not None:
        return folder / f"{pid}{SUFFIX}"
    running = [path for path in sorted(folder.glob(f"*{SUFFIX}")) if _is_running(int(path.stem))]
    if not running:
        raise NOT_RUNNING
    if len(running) > 1:
        pids = ", ".join(path.stem for path in running)
        raise CommandError(f"several instances run: {pids}", hint=f"name one: ctl --pid {running[-1].stem} COMMAND")
    return running[0]


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(ANSWER_S + 2)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise NOT_RUNNING from None
    return connection
