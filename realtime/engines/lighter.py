"""Two bundles that find the same keypoints as one engine: the lighter one animates when time is short."""

import logging
from collections.abc import Mapping
from pathlib import Path

from realtime.bundle import Bundle, EnginePrecision, GraphName
from realtime.engines.automatic import EngineWish, open_wished_engine
from realtime.engines.base import DeviceTensor, DeviceTensors, Engine
from realtime.frames import Tensor

log = logging.getLogger(__name__)

# What the lighter bundle encoded goes under names of its own beside what the usual one did.
PREFIX = "lighter_"


class LighterEngine(Engine):
    """Two engines of one kind, which take each other's tensors. Every portrait is encoded by both.

    Change between two frames. Keypoints are always found by the usual engine, so that no face jumps.
    """

    def __init__(self, usual: Engine, lighter: Engine, lighter_name: str) -> None:
        self._usual, self._lighter, self._is_light = usual, lighter, False
        self.lighter_name = lighter_name

    @property
    def name(self) -> str:  # type: ignore[override]
        """That of both; with the lighter bundle's while that animates."""
        return f"{self._usual.name} {self.lighter_name}" if self._is_light else self._usual.name

    @property
    def precision(self) -> EnginePrecision:  # type: ignore[override]
        """That of the engine that animates."""
        return (self._lighter if self._is_light else self._usual).precision

    def change(self, lighter: bool) -> None:
        """From now on the lighter bundle animates, or the usual one again."""
        self._is_light = lighter

    def upload(self, tensors: Mapping[str, Tensor], into: DeviceTensors | None = None) -> DeviceTensors:
        """See Engine."""
        return self._usual.upload(tensors, into)

    def run(
        self, graph: GraphName, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None = None
    ) -> DeviceTensors:
        """See Engine."""
        if graph == "encode_source":
            return self._encode(inputs, into)
        if graph == "animate" and self._is_light:
            return self._lighter.run(graph, {**inputs, **_without_prefix(inputs)}, into)
        return self._usual.run(graph, inputs, into)

    def download(self, tensor: DeviceTensor) -> Tensor:
        """See Engine."""
        return self._usual.download(tensor)

    def close(self) -> None:
        """Closes both."""
        self._usual.close()
        self._lighter.close()

    def _encode(self, inputs: Mapping[str, DeviceTensor], into: DeviceTensors | None) -> DeviceTensors:
        before = None if into is None else {name: value for name, value in into.items() if not name.startswith(PREFIX)}
        usual = self._usual.run("encode_source", inputs, before)
        lighter = self._lighter.run("encode_source", inputs, None if into is None else _without_prefix(into))
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
