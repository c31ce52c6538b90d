"""All the ways into a live run beside the window: the keys of the terminal and the local socket."""

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from realtime.control.control_socket import ControlSocket
from realtime.control.terminal_keys import TerminalKeys
from realtime.controls import CommandQueue
from realtime.errors import CommandError

log = logging.getLogger(__name__)


@contextmanager
def listening(commands: CommandQueue) -> Iterator[None]:
    """Within the body, keys of the terminal and `run_live.py ctl` reach commands; no socket is said, not fatal."""
    with ExitStack() as opened:
        opened.enter_context(TerminalKeys(sys.stdin, commands.press))
        try:
            opened.enter_context(ControlSocket(commands))
        except CommandError as error:
            log.warning("`run_live.py ctl` will not reach this run: %s; %s", error.message, error.hint)
        yield
