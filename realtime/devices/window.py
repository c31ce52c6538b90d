"""A window as a sink, through pygame, whose wheel brings its window library along."""

import os
import sys
from collections.abc import Callable

import pygame

from realtime.controls import KEYS, Command
from realtime.devices.sinks import Sink
from realtime.errors import DeviceError
from realtime.frames import Frame

TITLE = "marionet - Q quits, X calibrates"
SMALLEST_SIDE_PX = 512  # small pictures are shown enlarged
_HINT = (
    "start it from a desktop session (with its X11 libraries: libx11-6 libxext6 libxcursor1 on Debian and Ubuntu), "
    "or pass --sink file:out.mp4"
)


class WindowSink(Sink):
    """Shows frames and turns its keys into commands. The window belongs to the thread that first sends.

    Raises DeviceError where no window can be opened.
    """

    def __init__(self, size_px: int, post: Callable[[Command], None]) -> None:
        self.name = "window:"
        self._side_px = max(size_px, SMALLEST_SIDE_PX)
        self._post = post
        self._screen: pygame.Surface | None = None
        if _display_is_missing():
            raise DeviceError("window: cannot be opened: there is no display", hint=_HINT)
        try:
            pygame.display.init()  # proves that there is a display, before anything else starts
        except pygame.error as error:
            raise DeviceError(f"window: cannot be opened: {error}", hint=_HINT) from None
        finally:
            pygame.display.quit()

    def send(self, frame: Frame) -> None:
        """Shows the frame and posts a command for every key pressed since the last."""
        if self._screen is None:
            self._screen = self._opened()
        surface = pygame.surfarray.make_surface(frame.pixels.swapaxes(0, 1))
        pygame.transform.smoothscale(surface, self._screen.get_size(), self._screen)
        pygame.display.flip()
        for event in pygame.event.get():
            command = _command(event)
            if command is not None:
                self._post(command)

    def close(self) -> None:
        """Closes the window."""
        self._screen = None
        pygame.display.quit()

    def _opened(self) -> pygame.Surface:
        pygame.display.init()
        pygame.display.set_caption(TITLE)
        return pygame.display.set_mode((self._side_px, self._side_px), pygame.RESIZABLE)


def _display_is_missing() -> bool:
    """Whether this is a Linux without a desktop: there SDL would complain, then draw into nothing."""
    return sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"} & os.environ.keys()


def _command(event: pygame.event.Event) -> Command | None:
    if event.type == pygame.QUIT:
        return Command.QUIT
    return KEYS.get(pygame.key.name(event.key)) if event.type == pygame.KEYDOWN else None
