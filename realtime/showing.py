"""How a portrait is shown: which part of it, whether as in a mirror, and what of its square keeps still for that."""

from collections.abc import Mapping
from dataclasses import replace

from realtime.controls import Obey, on_or_off, switched
from realtime.frames import AnimatedFrame, Part, Pixels, Sides, Tensor
from realtime.framing import mirrored
from realtime.portraits.gallery import Source
from realtime.ramp import ramp

# Of the square's side: so far from its border it keeps still where the picture around it does, and from so far on
# it moves as it would.
STILL, FREE = 0.05, 0.30


class Showing:
    """For the animate thread. Keeps the frame in which the portrait shown rests."""

    def __init__(self, part: Part, mirror: bool) -> None:
        self._part, self._mirror = part, mirror
        self._rest: tuple[Source, Sides, AnimatedFrame] | None = None
        self.handlers: Mapping[str, Obey] = {"picture": self._obey_picture, "mirror-output": self._obey_mirror}

    def held(self, source: Source) -> Sides:
        """The sides along which the source's square keeps still: those where the whole portrait goes on beyond it."""
        return self._resting(source)[0]

    def at_rest(self, source: Source, index: int, captured_at: float) -> AnimatedFrame:
        """The portrait unmoved, as a frame of that index and time."""
        return replace(self._resting(source)[1], index=index, captured_at=captured_at)

    def moved(self, pixels: Pixels, source: Source, index: int, captured_at: float) -> AnimatedFrame:
        """The portrait as it was animated, pixels [s, s, 3], by a driver."""
        rest = self.at_rest(source, index, captured_at)
        return replace(rest, pixels=mirrored(pixels) if rest.mirrored else pixels, driven=True)

    def _resting(self, source: Source) -> tuple[Sides, AnimatedFrame]:
        if self._rest is None or self._rest[0] is not source:
            resting, around = source.resting, source.portrait.surroundings
            held = around.beyond if self._part == "portrait" and source.can_be_held else Sides()
            resting, around = (mirrored(resting), around.mirrored()) if self._mirror else (resting, around)
            rest = AnimatedFrame(resting, resting, -1, 0.0, False, self._mirror, around, self._part, any(held))
            self._rest = source, held, rest
        return self._rest[1:]

    def _obey_picture(self, argument: str) -> str:
        others: dict[Part, Part] = {"square": "portrait", "portrait": "square"}
        self._part = next((part for part in others if part == argument), others[self._part])
        self._rest = None
        return "the whole portrait" if self._part == "portrait" else "the animated square alone"

    def _obey_mirror(self, argument: str) -> str:
        self._mirror = switched(self._mirror, argument)
        self._rest = None
        return f"mirror of the output {on_or_off(self._mirror)}"


def motion_share(side: int, still: Sides) -> Tensor:
    """[1, side, side, 1]: how much of its motion each place of a square takes, that keeps still along some sides."""
    columns, rows = (ramp(side, STILL, FREE, *ends) for ends in (still[:2], still[2:]))
    return (rows[:, None] * columns[None, :])[None, :, :, None]
