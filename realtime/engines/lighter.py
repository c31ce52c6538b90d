"""Two bundles that find the same keypoints as one engine: the lighter one animates when time is short."""

import logging
from collections.abc import Mapping
from pathlib import Path

from realtime.bundle import Bundle
from realtime.engines.automatic import EngineWish, open_wished_engine
from realtime.engines.base import DeviceTensor, DeviceTensors, Engine
from realtime.engines.changing import ChangingEngine
from realtime.manifest import GraphName

log = logging.getLogger(__name__)

# What the lighter bundle encoded goes under names of its own beside what the usual one did.
PREFIX = "lighter_"


class LighterEngine(ChangingEngine):
    """A ChangingEngine of two bundles, that of the faster engine being the lighter. Both encode every portrait.

    Keypoints are always found by the usual engine, so that no face jumps.
    """

    def __init__(self, usual: Engine, lighter: Engine, lighter_name: str) -> None:
        super().__init__(usual, lighter)
        self._lighter_name = lighter_name

    @property
    def name(self) -> str:  # type: ignore[override]
        """That of both; with the lighter bundle's while that animates."""
        return self._usual.name if self._used is self._usual else f"{self._usual.name} {self._lighter_name}"

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        """See Engine."""
        if graph == "encode_source":
            return self._encode(inputs, into)
        if graph == "animate" and self._used is self._faster:
            return self._faster.run(graph, {**inputs, **_without_prefix(inputs)}, into)
        return self._usual.run(graph, inputs, into)

    def _encode(self, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None) -> DeviceTensors:
        before = None if into is None else {name: value for name, value in into.items() if not name.startswith(PREFIX)}
        usual = self._usual.run("encode_source", inputs, before)
        lighter = self._faster.run("encode_source", inputs, None if into is None else _without_prefix(into))
        return usual | {f"{PREFIX}{name}": tensor for name, tensor in lighter.items()}


def open_with_lighter(usual: Engine, lighter: Bundle, threads: int | None, cache: Path) -> LighterEngine:
    """`usual` with the lighter bundle in the same runtime, in its fastest precision.

    Raises EngineError if that does not open; `usual` is closed then.
    """
    try:
        engine = open_wished_engine(EngineWish(usual.name, None, threads), lighter, cache)
    except BaseException:
        usual.close()
        raise
    name = lighter.manifest.name
    log.info("%s animates with %s in %s when pictures get old", usual.name, name, engine.precision)
    return LighterEngine(usual, engine, name)


def _without_prefix(tensors: Mapping[str, DeviceTensor]) -> DeviceTensors:
    return {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items() if name.startswith(PREFIX)}
