"""What a check of something from outside found wrong, in the words of whoever wrote the check."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class WrongValue:
    """field: dotted from the outermost, empty where the whole is no good. kind: pydantic's name of the fault."""

    field: str
    reason: str
    value: Any
    kind: str


def wrong_values(error: ValidationError) -> list[WrongValue]:
    """Everything that was wrong, never empty."""
    return [
        WrongValue(".".join(map(str, found["loc"])), _reason(found), found["input"], found["type"])
        for found in error.errors(include_url=False)
    ]


def _reason(found: ErrorDetails) -> str:
    raised = found.get("ctx", {}).get("error")
    return str(raised) if isinstance(raised, ValueError) else found["msg"]
