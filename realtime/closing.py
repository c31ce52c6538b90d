"""What opens is a context manager: the one place that says so for engines, cameras, sinks and the animator."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closing(ABC):
    """Closes itself when its `with` block ends, however it ends."""

    @abstractmethod
    def close(self) -> None:
        """Gives back what was opened; closing twice is safe."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
