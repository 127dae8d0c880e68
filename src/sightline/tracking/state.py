"""What of a run was sent to its server and what was not, as `tracking.json` remembers it; and what there is to send.

A damaged file is left out with a warning: no stage stops for a file that only its mirror reads.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from sightline.errors import RunFailedError
from sightline.run.schema import flaw

if TYPE_CHECKING:
    from sightline.run.folder import Run
    from sightline.run.records import MetricsRow

logger = logging.getLogger(__name__)

STATE_FILE = "tracking.json"


class Sent(TypedDict):
    """What the server has.

    Keys:
        rows: how many rows of `metrics.jsonl`.
        parameters: whether it has the configuration.
        files: stamps of files by name.
        model: the stamp of the checkpoint whose model was logged.
        registered: the same for each registered name.
    """

    rows: int
    parameters: bool
    files: dict[str, str]
    model: str | None
    registered: dict[str, str]


class NotSent(TypedDict):
    """One thing that the server lacks."""

    what: str
    why: str


class State(TypedDict):
    """The whole file."""

    sent: Sent
    not_sent: list[NotSent]


def nothing_sent() -> Sent:
    """Of a server that was told nothing yet."""
    return {"rows": 0, "parameters": False, "files": {}, "model": None, "registered": {}}


def read_state(run: "Run") -> State:
    """What earlier commands sent; keys that came later are as at the beginning. Of a damaged file all are."""
    before: State = {"sent": nothing_sent(), "not_sent": []}
    if not run.has(STATE_FILE):
        return before
    try:
        found = run.load_json(STATE_FILE)
        state: State = {"sent": {**before["sent"], **found["sent"]}, "not_sent": found["not_sent"]}
        reason = flaw(state, State)
    except (RunFailedError, TypeError) as error:
        reason = str(error)
    if reason:
        logger.warning("tracking: %s cannot be read, all is sent again: %s", STATE_FILE, reason)
        return before
    return state


def texts(run: "Run", name: str) -> dict[str, str]:
    """The texts by name in a small file; none where there is none, or it is damaged."""
    found = result(run, name) if run.has(name) else {}
    reason = flaw(found, dict[str, str])
    if found is not None and reason:
        logger.warning("tracking: %s is left out: %s", name, reason)
    return {} if reason else dict(found)


def rows(run: "Run") -> "list[MetricsRow]":
    """All rows of metrics; none where one of them is damaged."""
    try:
        return run.rows("metrics.jsonl")
    except RunFailedError as error:
        logger.warning("tracking: %s", error)
        return []


def result(run: "Run", name: str) -> Any:
    """The content of a JSON file; None where it is damaged."""
    try:
        return run.load_json(name)
    except RunFailedError as error:
        logger.warning("tracking: %s", error)
        return None


def stamp(path: Path) -> str:
    """Size and time of a file: equal stamps, equal content, as files of a run are only ever replaced whole."""
    if not path.is_file():
        return "absent"
    facts = path.stat()
    return f"{facts.st_size}-{facts.st_mtime_ns}"
