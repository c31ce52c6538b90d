"""The command line's errors as two lines, like all others of the program."""

import argparse
from typing import NoReturn

from realtime.errors import SettingsError


class Parser(argparse.ArgumentParser):
    """Raises instead of printing the usage and leaving."""

    def error(self, message: str) -> NoReturn:
        """SettingsError with what is wrong."""
        raise SettingsError(message, hint=f"{self.prog} --help lists what is allowed")
