"""A window as a sink, through pygame, whose wheel brings its window library along."""

import locale
import os
import sys

import pygame

from realtime.control.command_table import Part
from realtime.controls import Command, CommandQueue
from realtime.devices.sinks import Sink
from realtime.devices.window_view import WindowView
from realtime.errors import DeviceError
from realtime.frames import OutputFrame, Size

TITLE = "marionet - ? lists the keys"
SMALLEST_SIDE_PX = 512  # small pictures are shown enlarged
_HINT = (
    "start it from a desktop session (with its X11 libraries: libx11-6 libxext6 libxcursor1 on Debian and Ubuntu), "
    "or pass --sink file:out.mp4"
)


class WindowSink(Sink):
    """Shows frames; keys, mouse and dropped files become commands. The window belongs to the thread that first sends.

    Raises DeviceError where no window can be opened.
    """

    def __init__(self, size: Size, commands: CommandQueue) -> None:
        self.name = "window:"
        enlarged = max(1.0, SMALLEST_SIDE_PX / min(size.width_px, size.height_px))
        self._opening_px = (round(size.width_px * enlarged), round(size.height_px * enlarged))
        self._commands = commands
        self._view = WindowView(commands.dashboard, commands.keys)
        self._screen: pygame.Surface | None = None
        self._awaited_texts = 0  # keys that write were pressed, and what they write has not come yet
        if _display_is_missing():
            raise DeviceError("window: cannot be opened: there is no display", hint=_HINT)
        try:
            pygame.display.init()  # proves that there is a display, before anything else starts
        except pygame.error as error:
            raise DeviceError(f"window: cannot be opened: {error}", hint=_HINT) from None
        finally:
            pygame.display.quit()
        commands.attend(Part.WINDOW)

    def send(self, frame: OutputFrame) -> None:
        """Shows the frame and posts what the user asked for since the last."""
        if self._screen is None:
            self._screen = self._opened()
        for event in pygame.event.get():
            self._pass_on(event)
        self._commands.carry_out(Part.WINDOW, self._view.handlers)
        # The size is asked anew: the user may have resized the window.
        self._screen = pygame.display.get_surface() or self._screen
        self._view.draw(self._screen, frame)
        pygame.display.flip()

    def close(self) -> None:
        """Closes the window."""
        self._screen = None
        self._view.close()
        pygame.display.quit()

    def _opened(self) -> pygame.Surface:
        pygame.display.init()
        screen = pygame.display.set_mode(self._opening_px, pygame.RESIZABLE)
        _name_window(TITLE)
        pygame.key.start_text_input()
        return screen

    def _pass_on(self, event: pygame.event.Event) -> None:
        if event.type == pygame.QUIT:
            self._commands.post(Command.QUIT)
        elif event.type == pygame.KEYDOWN:
            self._press(event)
        elif event.type == pygame.TEXTINPUT:
            self._write(event.text)
        elif event.type == pygame.MOUSEWHEEL and event.y:
            self._commands.post(Command("zoom", "+" if event.y > 0 else "-"))
        elif event.type == pygame.MOUSEMOTION and event.buttons[0]:
            x, y = self._view.share_of_picture(event.rel)
            self._commands.post(Command("pan", f"{-x:.4f} {-y:.4f}"))
        elif event.type == pygame.DROPFILE:
            self._commands.post(Command("portrait", event.file))

    def _press(self, event: pygame.event.Event) -> None:
        if getattr(event, "mod", 0) & pygame.KMOD_CTRL:
            if event.key == pygame.K_v:
                self._paste()
            return
        name = pygame.key.name(event.key)
        if name == "space" or len(name.strip("[]")) < 2:
            self._awaited_texts += 1
        else:
            self._commands.press(name)

    def _write(self, text: str) -> None:
        """What a key that was pressed writes comes apart from the key, and later under load; held keys repeat it."""
        if self._awaited_texts and text:
            self._awaited_texts -= 1
            self._commands.press("space" if text == " " else text.lower())

    def _paste(self) -> None:
        """A pasted path is a portrait."""
        pasted = pygame.scrap.get_text().strip().removeprefix("file://")
        if pasted:
            self._commands.post(Command("portrait", pasted))


def _name_window(title: str) -> None:
    """In a UTF-8 locale SDL gives X11 a name in an encoding that window tools do not read; ASCII needs no locale."""
    if pygame.display.get_driver() != "x11":
        pygame.display.set_caption(title)
        return
    before = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    try:
        pygame.display.set_caption(title)
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def _display_is_missing() -> bool:
    """Whether this is a Linux without a desktop: there SDL would complain, then draw into nothing."""
    return sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"} & os.environ.keys()
