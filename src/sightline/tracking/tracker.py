"""What the pipeline expects of a tracker, and the one that does nothing."""

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from sightline.errors import SightlineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from sightline.run.folder import Run
    from sightline.run.records import MetricsRow

logger = logging.getLogger(__name__)

PARENT = "parent.json"
"""The file of a run that belongs to another, such as a sweep: where that one is."""
Status = Literal["FINISHED", "FAILED", "KILLED"]
Parameters = Mapping[str, str | float | int | bool | None]


class Tracker:
    """Follows a run; this one does nothing.

    As a context manager it finishes with the status that fits how the block was left.
    """

    def listen(self, row: "MetricsRow") -> None:
        """Take a row of `metrics.jsonl`; fits `Run.listeners`."""

    def sync(self, run: "Run") -> None:
        """Send what the run has that was not sent yet; called after each stage."""

    def log_model(
        self, model: "nn.Module", example: "NDArray[np.float32]", answers: Mapping[str, object] | None = None
    ) -> None:
        """Log the model with its signature.

        Args:
            model: images to outputs; it is copied and stays as it is.
            example: (n, 3, height, width) images as it takes them, n at least 2 so that the batch stays free.
            answers: how its outputs become answers to image files, as `tasks.logged` reads it; None: not at all.
        """

    def register(self, name: str) -> None:
        """Make the logged model the next version of a registered one, once for each state of the best checkpoint.

        Raises:
            RunFailedError: the server did not take it.
        """

    def finish(self, status: Status) -> None:
        """Close what mirrors the run."""

    def abandon(self, status: Status) -> None:
        """Close what mirrors the run after an error, which says more than one of closing: that is only logged."""
        try:
            self.finish(status)
        except (OSError, SightlineError) as problem:
            logger.warning("tracking: %s", problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        if error is None:
            self.finish("FINISHED")
        else:
            self.abandon("FAILED" if isinstance(error, Exception) else "KILLED")
