"""One engine in two precisions: the one that was chosen, and a faster one for moments when time is short."""

import logging
from collections.abc import Mapping
from pathlib import Path

from realtime.bundle import Bundle
from realtime.engines.automatic import EngineWish, choose_engine, open_wished_engine
from realtime.engines.base import DeviceTensor, DeviceTensors, Engine
from realtime.engines.catalogue import open_engine
from realtime.frames import Tensor
from realtime.manifest import EnginePrecision, GraphName

log = logging.getLogger(__name__)


class ChangingEngine(Engine):
    """Two engines of one kind and one bundle, which take each other's tensors; all but close goes to the one in use.

    Change between two frames: what one encoded the other animates.
    """

    def __init__(self, usual: Engine, faster: Engine) -> None:
        self._usual, self._faster, self._used = usual, faster, usual

    @property
    def name(self) -> str:  # type: ignore[override]
        """That of both."""
        return self._usual.name

    @property
    def precision(self) -> EnginePrecision:  # type: ignore[override]
        """That of the engine in use."""
        return self._used.precision

    @property
    def faster_precision(self) -> EnginePrecision:
        """That of the faster engine."""
        return self._faster.precision

    def change(self, faster: bool) -> None:
        """From now on the faster engine computes, or the usual one again."""
        self._used = self._faster if faster else self._usual

    def upload(self, tensors: Mapping[str, Tensor], into: DeviceTensors | None = None) -> DeviceTensors:
        """See Engine."""
        return self._used.upload(tensors, into)

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        """See Engine."""
        return self._used.run(graph, inputs, into)

    def download(self, tensor: DeviceTensor) -> Tensor:
        """See Engine."""
        return self._used.download(tensor)

    def close(self) -> None:
        """Closes both."""
        self._usual.close()
        self._faster.close()


def open_with_faster(wish: EngineWish, bundle: Bundle, cache: Path) -> Engine:
    """The engine asked for; a ChangingEngine where the same runtime is faster in another precision on this machine.

    Raises EngineError as `open_wished_engine` does.
    """
    usual = open_wished_engine(wish, bundle, cache)
    try:
        fastest = choose_engine(EngineWish(usual.name, None, wish.threads), bundle, cache).precision
        if fastest == usual.precision:
            return usual
        engine = ChangingEngine(usual, open_engine(usual.name, bundle, wish.threads, fastest, cache))
        log.info("%s computes in %s, and in %s when pictures get old", usual.name, usual.precision, fastest)
        return engine
    except BaseException:
        usual.close()
        raise
