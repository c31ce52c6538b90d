"""What a user wishes around the person of a portrait: beside it, and behind."""

from dataclasses import dataclass, field
from typing import TypeAlias

from realtime.errors import SourceError
from realtime.frames import Background
from realtime.portraits.background import AUTO, OWN, STILL, Own, read_background
from realtime.portraits.person import PersonFinder

Behind: TypeAlias = Background | Own


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """What a user wishes around the person of any portrait.

    beside: where the output is wider, and where a picture is transparent; None leaves it to the portrait's pack.
    behind: still, the picture's own background, which does not move with the person; keep, where it does; blur, a
    colour or a file in its place, which do not either. auto leaves it to the pack; without one it is still, if the
    person can be told from it. told: whether the networks tell their motion, without which nothing is held still and no
    detail of the picture moved with it.
    """

    beside: Background | None = None
    behind: str = AUTO
    person: PersonFinder = field(default_factory=PersonFinder)
    told: bool = True

    def behind_person(self, pack: str | None = None) -> Behind:
        """What is behind the person, where its pack wishes `pack`. Raises SourceError."""
        wish = (pack or AUTO) if self.behind.lower() == AUTO else self.behind
        named = next((name for name in OWN if name == wish.lower()), None)
        if named == STILL and not self.told:
            raise SourceError("the bundle does not tell its motion", hint="export it anew, or --behind keep")
        return named or read_background(wish)
