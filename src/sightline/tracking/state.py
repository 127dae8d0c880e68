"""What of a run was sent to its server and what was not, as `tracking.json` remembers it."""

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from sightline.run.folder import Run

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
    """What earlier commands sent; keys that came later are as at the beginning."""
    if not run.has(STATE_FILE):
        return {"sent": nothing_sent(), "not_sent": []}
    found: State = run.load_json(STATE_FILE)
    return {"sent": {**nothing_sent(), **found["sent"]}, "not_sent": found["not_sent"]}


def stamp(path: Path) -> str:
    """Size and time of a file: equal stamps, equal content, as files of a run are only ever replaced whole."""
    if not path.is_file():
        return "absent"
    facts = path.stat()
    return f"{facts.st_size}-{facts.st_mtime_ns}"
