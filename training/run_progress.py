"""A run on the terminal: a bar with losses and speed, a line per validation, a word when batches come too slowly."""

import logging
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from training.trainer import StepReport

LARGEST_WAITING_SHARE = 0.1

log = logging.getLogger("training")


class RunProgress:
    """The bar of a run of `total` steps that starts at step `done`."""

    def __init__(self, total: int, done: int) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, TextColumn("{task.description}"))
        self._bar = self._progress.add_task("", total=total, completed=done)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, report: StepReport) -> None:
        """Moves the bar to the step of `report`."""
        losses = "  ".join(f"{name} {value:.4f}" for name, value in report.losses.items())
        speed = f"{report.samples_per_s:.1f} pairs/s, loader {100 * report.waiting_share:.1f} %"
        self._progress.update(self._bar, completed=report.step, description=f"{losses}  {speed}")
        if report.validation is None:
            return
        log.info(
            "step %d: validation L1 %.4f, copying the source %.4f (%.1f %% lower), rate %.1e, %s, %s",
            report.step,
            report.validation.result_l1,
            report.validation.copy_l1,
            100 * report.validation.improvement,
            report.learning_rate,
            losses,
            speed,
        )
        if report.waiting_share > LARGEST_WAITING_SHARE:
            log.warning(
                "batches were awaited %.0f %% of the time: put [data] cache on a faster disk",
                100 * report.waiting_share,
            )
