"""The run's figures in a few lines, for the window and, where the user wants it, the output."""

from math import isfinite

from realtime.figures.dashboard import Dashboard

BAR_LENGTH = 20


def hud_lines(dashboard: Dashboard) -> list[str]:
    """Rates, ages, milliseconds per stage, engine and precision, portrait, and how much of its reach is used."""
    figures, used = dashboard.figures, dashboard.range_used
    stages = "  ".join(f"{stage} {spent:.1f}" for stage, spent in figures.stages_ms.items())
    measured = f"{figures.camera_fps:.1f} of " if figures.camera_fps else ""  # offline nothing arrives at a rate
    camera = f"camera {measured}{figures.camera_named_fps:g} fps"
    age = f"age p50 {figures.age_p50_ms:.0f} ms, p95 {figures.age_p95_ms:.0f} ms"
    return [
        f"{figures.fps:.1f} fps out, {camera}, {figures.dropped} dropped",
        age if isfinite(figures.age_p50_ms) else "no age: frames wait for one another",
        f"ms: {stages}",
        f"{dashboard.bundle} on {figures.engine} {figures.precision}, showing {dashboard.portrait}",
        f"range used {used:4.0%} {'#' * min(BAR_LENGTH, round(10 * used))}",
    ]
