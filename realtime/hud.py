"""The run's figures in a few lines, for the window and, where the user wants it, the output."""

from realtime.dashboard import Dashboard

BAR_LENGTH = 20


def hud_lines(dashboard: Dashboard) -> list[str]:
    """Rates, ages, milliseconds per stage, engine and precision, portrait, and how much of its reach is used."""
    figures, used = dashboard.figures, dashboard.range_used
    stages = "  ".join(f"{stage} {spent:.1f}" for stage, spent in figures.stages_ms.items())
    camera = f"camera {figures.camera_fps:.1f} of {figures.camera_named_fps:g} fps"
    return [
        f"{figures.fps:.1f} fps out, {camera}, {figures.dropped} dropped",
        f"age p50 {figures.age_p50_ms:.0f} ms, p95 {figures.age_p95_ms:.0f} ms",
        f"ms: {stages}",
        f"{figures.engine} {figures.precision}   {dashboard.portrait}",
        f"range used {used:4.0%} {'#' * min(BAR_LENGTH, round(10 * used))}",
    ]
