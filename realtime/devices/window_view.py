"""What the window shows: the picture fitted, and over it messages, the HUD, the help and the views for lining up."""

from collections.abc import Iterable, Mapping

import pygame

from realtime.control.command_table import CONTROLS
from realtime.controls import Command, Obey, on_or_off, stepped, switched
from realtime.devices.motion_view_switch import MotionViewSwitch
from realtime.devices.square_overlay import lay_over, mark
from realtime.figures.dashboard import Dashboard
from realtime.figures.hud import hud_lines
from realtime.frames import OutputFrame, Pixels

TEXT_PX = 15
MARGIN_PX = 8
BACKING = (0, 0, 0, 170)
INK = (255, 255, 255)
OVERLAY_STEP = 0.1
DRIVER_COLOUR, TARGET_COLOUR = (255, 160, 0), (0, 230, 90)


class WindowView:
    """The window's own state. Owned by the thread that sends to the window."""

    def __init__(self, dashboard: Dashboard, keys: Mapping[str, Command]) -> None:
        self._dashboard = dashboard
        self._help_lines = help_lines(keys)
        self._font: pygame.font.Font | None = None
        self._mirror = self._help = self._hud = self._keypoints = False
        self._overlay = 0.0
        self._motion = MotionViewSwitch(dashboard)
        self._shown = pygame.Rect(0, 0, 1, 1)  # where the picture is in the window
        self.handlers: Mapping[str, Obey] = {
            "mirror-preview": self._obey_mirror,
            "help": self._obey_help,
            "hud": self._obey_hud,
            "keypoints": self._obey_keypoints,
            "overlay": self._obey_overlay,
            "view": self._motion.obey,
        }

    def draw(self, screen: pygame.Surface, frame: OutputFrame) -> None:
        """Fills screen with the frame, enlarged but not stretched, and what the user wants to see over it."""
        picture = self._with_driver(frame)
        if self._mirror:
            picture = picture[:, ::-1]
        self._shown = _fitted(screen.get_size(), picture.shape[1], picture.shape[0])
        screen.fill((0, 0, 0))
        surface = pygame.surfarray.make_surface(picture.swapaxes(0, 1))
        screen.blit(pygame.transform.smoothscale(surface, self._shown.size), self._shown)
        if self._hud:
            self._write(screen, hud_lines(self._dashboard), bottom=False)
        if self._help:
            self._write(screen, self._help_lines, bottom=False)
        notice = self._dashboard.notice()
        if notice:
            self._write(screen, [notice], bottom=True)

    def share_of_picture(self, moved_px: tuple[int, int]) -> tuple[float, float]:
        """A movement of the mouse as shares of the picture's width and height."""
        x, y = moved_px[0] / self._shown.width, moved_px[1] / self._shown.height
        return (-x if self._mirror else x), y

    def close(self) -> None:
        """Forgets the font: it does not outlive the window library."""
        self._font = None
        pygame.font.quit()

    def _with_driver(self, frame: OutputFrame) -> Pixels:
        """The picture, and over the animated square what the user wants there: a view, the driver, keypoints."""
        preview = self._dashboard.preview
        if preview is None or frame.square is None or not (self._overlay or self._keypoints or self._motion.view):
            return frame.pixels
        picture = frame.pixels.copy()
        self._motion.draw(picture, preview, frame.square)
        if self._overlay:
            lay_over(picture, preview.driver, frame.square, self._overlay)
        if self._keypoints:
            mark(picture, preview.driving, frame.square, DRIVER_COLOUR)
            mark(picture, preview.target, frame.square, TARGET_COLOUR)
        return picture

    def _write(self, screen: pygame.Surface, lines: Iterable[str], *, bottom: bool) -> None:
        """Lines of text on a dark backing, readable on any picture."""
        if self._font is None:
            pygame.font.init()
            self._font = pygame.font.Font(None, TEXT_PX + 5)
        rows = [self._font.render(line, True, INK) for line in lines]
        height = sum(row.get_height() for row in rows) + 2 * MARGIN_PX
        width = max(row.get_width() for row in rows) + 2 * MARGIN_PX
        panel = pygame.Surface((width, height), pygame.SRCALPHA)
        panel.fill(BACKING)
        top = MARGIN_PX
        for row in rows:
            panel.blit(row, (MARGIN_PX, top))
            top += row.get_height()
        scale = min(1.0, screen.get_width() / width, screen.get_height() / height)
        if scale < 1:
            panel = pygame.transform.smoothscale(panel, (int(width * scale), int(height * scale)))
        place = panel.get_rect(midbottom=screen.get_rect().midbottom) if bottom else panel.get_rect()
        screen.blit(panel, place)

    def _obey_mirror(self, argument: str) -> str:
        self._mirror = switched(self._mirror, argument)
        return f"mirror of the preview {on_or_off(self._mirror)}"

    def _obey_help(self, argument: str) -> str:
        self._help = switched(self._help, argument)
        return f"help {on_or_off(self._help)}"

    def _obey_hud(self, argument: str) -> str:
        self._hud = switched(self._hud, argument)
        return f"figures {on_or_off(self._hud)}"

    def _obey_keypoints(self, argument: str) -> str:
        self._keypoints = switched(self._keypoints, argument)
        return f"keypoints {on_or_off(self._keypoints)}: yours orange, the portrait's green"

    def _obey_overlay(self, argument: str) -> str:
        self._overlay = stepped(self._overlay, argument, OVERLAY_STEP, (0.0, 1.0))
        return f"you over the portrait: {self._overlay:.0%}, in this window only"


def help_lines(keys: Mapping[str, Command]) -> list[str]:
    """One line for each command that has a key: the keys in force, and what it does."""
    lines = []
    for control in CONTROLS:
        own = [key for key, command in keys.items() if command.name == control.name]
        if own:
            lines.append(f"{' '.join(own):<12} {control.help}")
    return [*lines, "mouse        drag to pan, wheel to zoom, drop a picture to animate it"]


def _fitted(window: tuple[int, int], width: int, height: int) -> pygame.Rect:
    """The largest rectangle of the picture's shape, centred in the window."""
    scale = min(window[0] / width, window[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return pygame.Rect((window[0] - size[0]) // 2, (window[1] - size[1]) // 2, *size)
