"""A device's short address: `kind:place`, such as webcam:0 or file:clip.mp4."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """place may be empty."""

    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"


def parse_address(text: str) -> Address:
    """The address written as text; without a colon the whole text is the kind."""
    kind, _, place = text.partition(":")
    return Address(kind, place)
