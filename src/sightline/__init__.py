"""Sightline trains, measures and explains image models, and stands behind every number it prints.

From Python, `sightline.load(run).predict(paths)` gives the answers of the command `predict`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from sightline.tasks.answers import Model

__version__ = "0.1.0"


def load(run: "str | PathLike[str]" = "latest", *overrides: str, runs_dir: "str | PathLike[str]" = "runs") -> "Model":
    """A finished run as a model that answers for images: `load(run).predict(images)`.

    Args:
        run: `latest`, the folder of a run, or its path under `runs_dir`.
        overrides: as on the command line after `predict`: `"predict.top_k=5"`, `"device=cpu"`.
        runs_dir: the folder of all runs.

    Raises:
        UsageError: there is no such run, it holds no weights, or an override is wrong.
    """
    from sightline.cli import compose_config  # with torch and all else that takes a second
    from sightline.commands.load import load_model
    from sightline.errors import UsageError

    try:
        return load_model(compose_config, run, overrides, runs_dir)
    except UsageError as error:
        raise error from None  # the message says it all; what parsers said before it is noise in a notebook
