"""When to send each output picture: at a constant rate, its phase creeping to where new pictures wait least."""

WINDOW = 30  # pictures from one adjustment of the phase to the next
SPARE_S = 0.002  # how long even the luckiest picture may wait
LATE_STEP_S = 0.002
TOLERANCE = 0.005  # of the period: how much one interval may be longer or shorter
HOPELESS_SHARE = 0.2  # with more pictures missing than this, no phase helps
LOST_PERIODS = 4  # further behind than this, time has been lost (a suspended machine): it is not made up for


class Pacer:
    """Gives the time of each picture in turn. Owned by the sending thread."""

    def __init__(self, rate_hz: float, now_s: float) -> None:
        self.due_s = now_s
        self._period_s = 1 / rate_hz
        self._owed_s = 0.0  # shift of the phase still to be made, positive for later
        self._waits_s: list[float | None] = []

    def sent(self, now_s: float, waited_s: float | None) -> None:
        """Moves on to the next picture. waited_s: how long a new one had waited to be sent; None if there was none."""
        self._waits_s.append(waited_s)
        if len(self._waits_s) == WINDOW:
            self._owed_s = _shift(self._waits_s, self._period_s)
            self._waits_s.clear()
        most_s = TOLERANCE * self._period_s
        step_s = min(max(self._owed_s, -most_s), most_s)
        self._owed_s -= step_s
        self.due_s += self._period_s + step_s
        if now_s > self.due_s + LOST_PERIODS * self._period_s:
            self.due_s = now_s + self._period_s


def _shift(waits_s: list[float | None], period_s: float) -> float:
    """How much later the next window should be: earlier if every picture waited, later if some came too late."""
    missed = sum(waited_s is None for waited_s in waits_s)
    if missed > HOPELESS_SHARE * len(waits_s):
        return 0.0
    if missed > 1:
        return min(missed * LATE_STEP_S, period_s)
    if missed == 1:
        return 0.0
    return -max(0.0, min(waited_s for waited_s in waits_s if waited_s is not None) - SPARE_S) / 2
