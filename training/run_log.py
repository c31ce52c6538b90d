"""A run's scalars and preview sheets for TensorBoard: `tensorboard --logdir out/training`."""

from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from torch.utils.tensorboard import SummaryWriter

from training.clips import Pixels
from training.trainer import StepReport


class RunLog:
    """Writes event files into `folder`, from `step` on; what an earlier run logged beyond `step` is hidden."""

    def __init__(self, folder: Path, step: int) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Writes what is still held; safe to call twice."""
        self._writer.close()

    def record(self, report: StepReport) -> None:
        """Adds one step: losses, rate and speed always, errors and the preview sheet when there are any."""
        scalars = {f"loss/{name}": value for name, value in report.losses.items()}
        scalars |= {
            "run/learning_rate": report.learning_rate,
            "run/samples_per_s": report.samples_per_s,
            "run/waiting_share": report.waiting_share,
        }
        if report.validation is not None:
            scalars["validation/result_l1"] = report.validation.result_l1
            scalars["validation/copy_l1"] = report.validation.copy_l1
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, report.step)
        if report.preview is not None:
            self._writer.add_image("preview", _picture(report.preview), report.step, dataformats="HWC")


def _picture(path: Path) -> Pixels:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise FileNotFoundError(f"{path}: the preview just written cannot be read")
    return np.asarray(picture, np.uint8)
