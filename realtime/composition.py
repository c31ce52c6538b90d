"""From settings to the parts' own options; run_live.py puts the parts together."""

from pathlib import Path

from realtime.animator import AnimatorOptions
from realtime.background import wished_background
from realtime.dashboard import Dashboard
from realtime.gain import Gains
from realtime.gallery import first_portrait
from realtime.governor import Governor, usual_savings
from realtime.portrait_pack import WISHES_FILE, portraits_in
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
        tracking=settings.tracking,
        background=not settings.offline,
        fade_s=0.0,  # the output fades, and what surrounds the square with it
        memory_mb=settings.memory_mb,
        behind=wished_background(settings.background),
        portraits=_folder(settings),
    )


def governor_for(settings: Settings, dashboard: Dashboard) -> Governor | None:
    """What keeps pictures younger than the settings allow; None where they set no limit."""
    if settings.max_latency is None:
        return None
    return Governor(settings.max_latency, usual_savings(), dashboard.notify)


def _folder(settings: Settings) -> Path | None:
    """The portraits to go through while live: the folder named, even as the source; the default brings its own."""
    if settings.portraits is not None:
        return settings.portraits
    if settings.source.is_dir() and not (settings.source / WISHES_FILE).exists():
        return settings.source
    return DEFAULT_SOURCE.parent if settings.source == DEFAULT_SOURCE else None
