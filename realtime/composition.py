"""From settings to the parts' own options; run_live.py puts the parts together."""

from pathlib import Path

from realtime.animator import AnimatorOptions
from realtime.bundle import Bundle
from realtime.bundle_choice import lighter_sibling
from realtime.engines.automatic import EngineWish, open_wished_engine
from realtime.engines.base import Engine
from realtime.engines.changing import ChangingEngine, open_with_faster
from realtime.engines.lighter import open_with_lighter
from realtime.figures.dashboard import Dashboard
from realtime.gain import Gains
from realtime.governor import Governor, Saving, usual_savings
from realtime.portraits.background import wished_background
from realtime.portraits.gallery import first_portrait
from realtime.portraits.pack import WISHES_FILE, portraits_in
from realtime.settings import DEFAULT_SOURCE, Settings


def chosen_portrait(settings: Settings) -> Path:
    """The picture or pack to start with: the one named, else the first of the folder named. Raises SourceError."""
    folder = _folder(settings)
    if folder is not None and (settings.source == folder or "source" not in settings.model_fields_set):
        return DEFAULT_SOURCE if folder == DEFAULT_SOURCE.parent else first_portrait(portraits_in(folder), folder)
    return settings.source


def animator_options(settings: Settings) -> AnimatorOptions:
    """What the settings say about the animator."""
    return AnimatorOptions(
        motion=settings.motion,
        smoothing=settings.smoothing,
        gains=Gains(settings.gain, settings.head_gain, settings.mouth_gain, settings.eyes_gain),
        limiter=settings.limiter,
        calibration="first" if settings.offline else settings.calibration,
        mirror=settings.mirror,
        part=settings.picture,
        tracking=settings.tracking,
        background=not settings.offline,
        fade_s=0.0,  # the output fades, and what surrounds the square with it
        memory_mb=settings.memory_mb,
        beside=wished_background(settings.background),
        behind=settings.behind,
        portraits=_folder(settings),
    )


def engine_for(settings: Settings, bundle: Bundle) -> tuple[Engine, list[Saving]]:
    """The engine asked for, and how it can save time where pictures must stay young, the mildest first.

    Those are a faster precision, and a lighter bundle that finds the same keypoints. Raises EngineError.
    """
    wish = EngineWish(settings.engine, settings.precision, settings.threads)
    if settings.max_latency is None:
        return open_wished_engine(wish, bundle, settings.cache), []
    savings: list[Saving] = []
    engine = open_with_faster(wish, bundle, settings.cache)
    if isinstance(engine, ChangingEngine):
        savings.append(LessWork(f"{engine.name} in {engine.faster_precision}", engine))
    sibling = lighter_sibling(bundle)
    if sibling is not None:
        engine = open_with_lighter(engine, sibling, settings.threads, settings.cache)
        savings.append(LessWork(f"animating with {sibling.manifest.name}", engine))
    return engine, savings


class LessWork(Saving):
    """Computes with the faster of an engine's two."""

    def __init__(self, name: str, engine: ChangingEngine) -> None:
        self.name = name
        self._engine = engine

    def begin(self) -> None:
        """From the next frame on."""
        self._engine.change(faster=True)

    def end(self) -> None:
        """As chosen, from the next frame on."""
        self._engine.change(faster=False)


def governor_for(settings: Settings, dashboard: Dashboard, savings: list[Saving]) -> Governor | None:
    """What keeps pictures younger than the settings allow, by `savings` first; None where they set no limit."""
    if settings.max_latency is None:
        return None
    return Governor(settings.max_latency, [*savings, *usual_savings()], dashboard.notify)


def _folder(settings: Settings) -> Path | None:
    """The portraits to go through while live: the folder named, even as the source; the default brings its own."""
    if settings.portraits is not None:
        return settings.portraits
    if settings.source.is_dir() and not (settings.source / WISHES_FILE).exists():
        return settings.source
    return DEFAULT_SOURCE.parent if settings.source == DEFAULT_SOURCE else None
