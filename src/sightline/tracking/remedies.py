"""What a person can do about an MLflow server that refuses, in one line."""

import re
from typing import Final

_DELETED: Final = re.compile(r"The experiment (\S+) must be in the 'active' state")
_STATUS: Final = re.compile(r"failed with error code (\d+)")
_LOGIN: Final = (
    "the server wants a login (401): set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
    "MLFLOW_TRACKING_TOKEN; where they are set it does not know them"
)
_NOT_ALLOWED: Final = (
    "this login may not write to experiment {experiment!r} (403): give another, tracking.experiment=NAME, "
    "or ask whoever keeps the server"
)
_NOBODY: Final = "no MLflow server answers at this address: check tracking.uri, or the variable MLFLOW_TRACKING_URI"
_IS_DELETED: Final = (
    "experiment {experiment!r} is deleted there: give another, tracking.experiment=NAME, or bring it back with "
    "`mlflow experiments restore --experiment-id {number}`"
)
_FOLDER: Final = "MLflow keeps runs in a database and no longer in a folder: give tracking.uri=sqlite:///FILE"
_NO_SCHEME: Final = "this is no address of MLflow's: give tracking.uri=http://HOST:PORT or sqlite:///FILE"


def explained(error: BaseException, experiment: str) -> str | None:
    """What is wrong and what to do, of a refusal that is known; None of others.

    Args:
        error: as MLflow raised it.
        experiment: that runs were to join.
    """
    text, code = str(error), getattr(error, "error_code", "")
    status = found[1] if (found := _STATUS.search(text)) else ""
    if deleted := _DELETED.search(text):
        return _IS_DELETED.format(experiment=experiment, number=deleted[1])
    if status == "401" or code == "UNAUTHENTICATED":
        return _LOGIN
    if status == "403" or code == "PERMISSION_DENIED":
        return _NOT_ALLOWED.format(experiment=experiment)
    if (status == "404" and code != "RESOURCE_DOES_NOT_EXIST") or "not in a valid JSON format" in text:
        return _NOBODY
    if "filesystem tracking backend" in text:
        return _FOLDER
    return _NO_SCHEME if "unsupported URI" in text else None
