"""The governor: keeps pictures younger than a limit by saving work in named steps, taken back with care."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Protocol

log = logging.getLogger(__name__)

WINDOW_S = 2.0  # the ages that count
FEWEST_AGES = 10  # to judge by
SETTLING_S = 1.5  # after a step, before the next is judged
ROOM = 0.7  # of the limit: only below this is work taken up again
CALM_S = 10.0  # how long it must be below before that
RELAPSE_S = 15.0  # a step that had to be made again so soon doubles the calm asked for
MOST_CALM_S = 300.0


class Saving(Protocol):
    """One way to do less work for a frame. begin and end are called by the animate thread, between two frames."""

    name: str

    def begin(self) -> None:
        """Saves from the next frame on."""

    def end(self) -> None:
        """Does all the work again."""


class FewerFrames(Saving):
    """Animates at most so many frames a second. Between them the output repeats pictures at its own rate."""

    def __init__(self, rate_hz: float) -> None:
        self.name = f"at most {rate_hz:g} frames a second"
        self._interval_s = 0.9 / rate_hz  # a frame that comes a little early is not one too many
        self._on = False
        self._last_s = float("-inf")

    def begin(self) -> None:
        """Skips frames."""
        self._on = True

    def end(self) -> None:
        """Skips none."""
        self._on = False

    def skips(self, now_s: float) -> bool:
        """Whether a frame that is there now is to be left out."""
        if self._on and now_s - self._last_s < self._interval_s:
            return True
        self._last_s = now_s
        return False


def usual_savings() -> list[Saving]:
    """What every machine can do without, the mildest first."""
    return [FewerFrames(rate_hz) for rate_hz in (20.0, 15.0, 10.0, 7.5)]


class Governor:
    """Holds the 95th percentile of ages under limit_s. One thread adds ages, the animate thread steers."""

    def __init__(
        self, limit_s: float, savings: Sequence[Saving], tell: Callable[[str], None] = lambda _text: None
    ) -> None:
        self._limit_s = limit_s
        self._savings = tuple(savings)
        self._tell = tell
        self._lock = Lock()
        self._ages: deque[tuple[float, float]] = deque()  # when, and how old
        self._level = 0
        self._changed_s = float("-inf")
        self._raised_s = float("-inf")
        self._calm_since_s: float | None = None
        self._calm_s = CALM_S

    @property
    def savings(self) -> Sequence[Saving]:
        """The steps, in the order they are taken."""
        return self._savings

    @property
    def level(self) -> int:
        """How many of the savings are on."""
        return self._level

    def skips(self, now_s: float) -> bool:
        """Whether the frame that is there now is to be left out."""
        on = [saving for saving in self._savings[: self._level] if isinstance(saving, FewerFrames)]
        return bool(on) and on[-1].skips(now_s)

    def add(self, age_s: float, now_s: float) -> None:
        """Counts the age of a picture that reached the sink now."""
        with self._lock:
            self._ages.append((now_s, age_s))

    def steer(self, now_s: float) -> None:
        """Begins the next saving if pictures are too old; ends the last if they have been young for long enough."""
        p95_s = self._p95(now_s)
        if p95_s is None or now_s - self._changed_s < SETTLING_S:
            return
        if p95_s > self._limit_s:
            self._calm_since_s = None
            if self._level < len(self._savings):
                self._save(p95_s, now_s)
        elif p95_s < ROOM * self._limit_s and self._level:
            self._calm_since_s = self._calm_since_s or now_s
            if now_s - self._calm_since_s >= self._calm_s:
                self._take_up(p95_s, now_s)
        else:
            self._calm_since_s = None

    def _p95(self, now_s: float) -> float | None:
        with self._lock:
            while self._ages and self._ages[0][0] < now_s - WINDOW_S:
                self._ages.popleft()
            ages_s = sorted(age_s for _, age_s in self._ages)
        return ages_s[int(0.95 * (len(ages_s) - 1))] if len(ages_s) >= FEWEST_AGES else None

    def _save(self, p95_s: float, now_s: float) -> None:
        if now_s - self._raised_s < RELAPSE_S:
            self._calm_s = min(2 * self._calm_s, MOST_CALM_S)
        saving = self._savings[self._level]
        self._level += 1
        saving.begin()
        self._told(f"pictures are {1000 * p95_s:.0f} ms old: {saving.name}", now_s)

    def _take_up(self, p95_s: float, now_s: float) -> None:
        self._level -= 1
        saving = self._savings[self._level]
        saving.end()
        self._raised_s = now_s
        self._told(f"pictures are {1000 * p95_s:.0f} ms old: no longer {saving.name}", now_s)

    def _told(self, text: str, now_s: float) -> None:
        with self._lock:
            self._ages.clear()  # those of the other way of working
        self._changed_s, self._calm_since_s = now_s, None
        log.info("%s", text)
        self._tell(text)
