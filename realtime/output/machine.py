"""The output state machine: live -> hold -> neutral portrait -> away. The only source of output pictures."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from realtime.controls import Obey, switched
from realtime.frames import AnimatedFrame, OutputFrame, OutputState, Pixels, Place, Size
from realtime.output.arranger import Arranger
from realtime.output.canvas import Canvas
from realtime.output.figures_panel import FiguresPanel
from realtime.output.fitting import blended

# The finished picture and the index of the driver's frame it shows in, the picture to send out: for measurements.
Stamp = Callable[[Pixels, int | None], Pixels]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OutputTimes:
    """Seconds since the last driven picture after which each lesser state begins, and how long a change fades.

    fade_s: from state to state; switch_s: from portrait to portrait, and between what is shown of and beside one.
    """

    hold_s: float = 0.25
    neutral_s: float = 2.0
    away_s: float = 10.0
    fade_s: float = 0.35
    switch_s: float = 0.2


class OutputMachine:
    """Fails closed: without fresh driven pictures it holds the last, then rests the portrait, then shows "away".

    It takes animated frames alone, so a camera's pixels cannot come out of it. Freeze holds what is shown and away
    hides it, until they are turned off, whatever else happens. One thread owns it.
    """

    def __init__(
        self,
        canvas: Canvas,
        portrait: AnimatedFrame,
        times: OutputTimes | None = None,
        stamp: Stamp | None = None,
        panel: FiguresPanel | None = None,
    ) -> None:
        self._canvas = canvas
        self._stamp = stamp
        self._panel = panel or FiguresPanel()
        self._times = times or OutputTimes()
        self._still = portrait  # the newest frame taken: how the portrait rests
        self._driven: AnimatedFrame | None = None
        self._driven_s: float | None = None  # when the last driven picture came; at first, when the run began
        self._frozen: OutputFrame | None = None
        self._away = False
        self._shown: OutputFrame | None = None
        self._bare: Pixels | None = None  # what was shown last, without what is drawn over it
        self._composed: dict[OutputState, tuple[object, Pixels]] = {}
        self._fading_from: Pixels | None = None
        self._fading_since_s = self._fading_s = 0.0
        self._count = 0
        self._arranger = Arranger(canvas.background)
        self.handlers: Mapping[str, Obey] = {
            **self._arranger.handlers,
            **self._panel.handlers,
            "freeze": self._obey_freeze,
            "away": self._obey_away,
        }

    @property
    def size(self) -> Size:
        """Of every picture."""
        return self._canvas.size

    @property
    def state(self) -> OutputState:
        """What the last picture showed."""
        return self._shown.state if self._shown else OutputState.NEUTRAL

    def take(self, frame: AnimatedFrame, now_s: float) -> None:
        """Makes frame what is shown from now on; one that nobody drives only renews the neutral portrait."""
        if frame.resting is not self._still.resting:
            self._fade_to_another(now_s)
        elif frame.part != self._still.part:
            self._composed.clear()
            self._fade_to_another(now_s)
        self._still = frame
        if frame.driven:
            self._driven, self._driven_s = frame, now_s

    def rest(self, now_s: float) -> None:
        """Shows the neutral portrait, and stays there while this is called: nobody is looking."""
        self._driven, self._driven_s = None, now_s

    def picture_at(self, now_s: float) -> OutputFrame:
        """The picture to show now."""
        if self._driven_s is None:
            self._driven_s = now_s
        background = self._arranger.background
        if background is not self._canvas.background:
            self._canvas.background = background
            self._composed.clear()
            self._fade_to_another(now_s)
        state = self._state_at(now_s)
        if state is not self.state:
            self._turn(state, now_s)
        if self._frozen and not self._away:
            return self._output(self._frozen.pixels, now_s, state, square=self._frozen.square)
        pixels = self._faded(self._composed_for(state), now_s)
        square = None if state is OutputState.AWAY else self._canvas.square(self._frame_of(state))
        return self._output(pixels, now_s, state, self._driven if state is OutputState.LIVE else None, square)

    def picture_of(self, frame: AnimatedFrame) -> OutputFrame:
        """Offline: frame as it is, at its own time."""
        pixels = self._canvas.portrait(frame)
        return self._output(pixels, frame.captured_at, OutputState.LIVE, frame, self._canvas.square(frame))

    def _output(
        self,
        pixels: Pixels,
        at_s: float,
        state: OutputState,
        driven: AnimatedFrame | None = None,
        square: Place | None = None,
    ) -> OutputFrame:
        index, born_s = (driven.index, driven.captured_at) if driven else (None, None)
        self._bare = pixels
        pixels = self._panel.on(pixels)
        if self._stamp:
            pixels = self._stamp(pixels, index)
        self._shown = OutputFrame(pixels, self._count, at_s, state, index, born_s, square)
        self._count += 1
        return self._shown

    def _state_at(self, now_s: float) -> OutputState:
        if self._away:
            return OutputState.AWAY
        if self._frozen:
            return OutputState.HOLD
        waited_s = now_s - (self._driven_s or 0.0)
        if waited_s >= self._times.away_s:
            return OutputState.AWAY
        if self._driven is None or waited_s >= self._times.neutral_s:
            return OutputState.NEUTRAL
        return OutputState.HOLD if waited_s >= self._times.hold_s else OutputState.LIVE

    def _turn(self, state: OutputState, now_s: float) -> None:
        if {self.state, state} == {OutputState.LIVE, OutputState.HOLD}:
            return  # the same picture
        log.info("output: %s", state.value)
        self._fade(now_s, self._times.fade_s)

    def _fade_to_another(self, now_s: float) -> None:
        """A switch of portrait, its part or what is beside it fades, unless it is hidden: nothing old may come back."""
        if self.state is not OutputState.AWAY:
            self._fade(now_s, self._times.switch_s)

    def _fade(self, now_s: float, duration_s: float) -> None:
        """From now on what is shown fades from what was shown last."""
        if self._bare is not None and duration_s > 0:
            self._fading_from, self._fading_since_s, self._fading_s = self._bare, now_s, duration_s

    def _composed_for(self, state: OutputState) -> Pixels:
        """The picture of state, composed once for each portrait or driven frame it shows."""
        frame = self._frame_of(state)
        resting = frame.resting
        if state is OutputState.AWAY:
            return self._kept(state, resting, lambda: self._canvas.away(resting))
        if state is OutputState.NEUTRAL or self._driven is None:
            return self._kept(state, resting, lambda: self._canvas.at_rest(frame))
        return self._kept(OutputState.LIVE, frame, lambda: self._canvas.portrait(frame))

    def _frame_of(self, state: OutputState) -> AnimatedFrame:
        """The frame that state shows, driven or at rest."""
        shows_driven = state in (OutputState.LIVE, OutputState.HOLD)
        return self._driven if shows_driven and self._driven is not None else self._still

    def _kept(self, place: OutputState, content: object, compose: Callable[[], Pixels]) -> Pixels:
        kept = self._composed.get(place)
        if kept is None or kept[0] is not content:
            kept = self._composed[place] = content, compose()
        return kept[1]

    def _faded(self, pixels: Pixels, now_s: float) -> Pixels:
        if self._fading_from is None:
            return pixels
        share = (now_s - self._fading_since_s) / self._fading_s
        if share >= 1:
            self._fading_from = None
            return pixels
        return blended(self._fading_from, pixels, share)

    def _obey_freeze(self, argument: str) -> str:
        wanted = switched(self._frozen is not None, argument)
        if not wanted:
            self._frozen = None
        elif self._shown is not None and self._bare is not None:
            self._frozen = self._frozen or replace(self._shown, pixels=self._bare)
        return "frozen" if self._frozen else "no longer frozen"

    def _obey_away(self, argument: str) -> str:
        self._away = switched(self._away, argument)
        return "away picture on" if self._away else "away picture off"
