"""What was sent and what was not: keeps the mirror of a run in step with its folder, whatever the server does.

What fails is kept, tried again after each stage and by the next command on the run, and named in `tracking.json`:
`{"sent": {"rows", "parameters", "files": {name: stamp}, "model": stamp,
"registered": {name: stamp}}, "not_sent": [{"what", "why"}]}`.
`mlflow_run.json` remembers which MLflow run mirrors the folder.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sightline.config.stages import artifacts
from sightline.errors import RunFailedError
from sightline.tracking.server import Point, Server
from sightline.tracking.tracker import PARENT, Parameters, Status, Tracker

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from sightline.run.folder import Run

logger = logging.getLogger(__name__)

LARGE: Final = (".png", ".md", ".html", ".pt")
"""Endings of the files that are sent after all others, the largest last."""
ITS_RUN: Final = "mlflow_run.json"
"""Of a run folder: which run of which server mirrors it."""
NOT_ASKED: Final = "the server had failed before and was not asked again"
PATIENCE: Final = 6.0
"""A server that took t seconds to fail is left alone for this many t: a refusal costs nothing, a time-out much."""


class Mirror(Tracker):
    """Follows a run and copies it to a server.

    Args:
        server: where to.
        run: the run.
        parameters: logged once.
    """

    def __init__(self, server: Server, run: "Run", parameters: Parameters) -> None:
        self._server, self._run, self._parameters = server, run, parameters
        self._warned = False
        self._ask_again_at = 0.0
        before = run.load_json("tracking.json") if run.has("tracking.json") else {"sent": {}, "not_sent": []}
        self._sent = _nothing() | before["sent"]
        self._lost: dict[str, str] = {
            lost["what"]: lost["why"] for lost in before["not_sent"] if lost["what"] == "model"
        }
        self._pending = list(_points(run.rows("metrics.jsonl")[self._sent["rows"] :]))
        self._up = self._connect()
        self._save()

    def listen(self, row: Mapping[str, Any]) -> None:
        """Keep a row, and with each epoch send what was kept; a server that failed is left alone until `sync`."""
        self._pending += _points([row])
        if row["kind"] != "epoch":
            return
        self._up = self._up and self._attempt("metrics", self._send_metrics)
        self._save()

    def sync(self, run: "Run") -> None:
        """Send rows and files that are new or changed, and try again what failed."""
        may_ask = self._up or time.monotonic() >= self._ask_again_at
        self._up = may_ask and self._connect() and self._attempt("metrics", self._send_metrics)
        for name, stamp in self._changed(run):
            # One file may be refused while the others pass: the server is given up only when it answers nothing at all.
            if self._up and not self._attempt(name, partial(self._send_file, name, stamp)):
                self._up = self._attempt("run", self._server.check)
            elif not self._up:
                self._lost.setdefault(name, NOT_ASKED)
        self._save()

    def log_model(self, model: "nn.Module", example: "NDArray[np.float32]") -> None:
        """Log the model, once for each state of the best checkpoint."""
        stamp = _stamp(self._run.path / "checkpoints" / "best.pt")
        if self._sent["model"] == stamp:
            return
        logger.info("tracking: logging the model")
        if not self._up:
            self._lost["model"] = NOT_ASKED
        elif self._attempt("model", lambda: self._server.send_model(model, example)):
            self._sent["model"] = stamp
        self._save()

    def register(self, name: str) -> None:
        """Register what was logged, and say which version it is."""
        stamp = self._sent["model"]
        if not self._up or stamp is None:
            reasons = [self._lost[lost] for lost in ("run", "model") if lost in self._lost]
            raise RunFailedError(f"the model was not registered as {name}: {(reasons or [NOT_ASKED])[0]}")
        if self._sent["registered"].get(name) == stamp:
            return
        why = self._server.attempt(partial(self._server.register, name))
        if why is not None:
            raise RunFailedError(f"the model was not registered as {name}: {why}")
        self._sent["registered"][name] = stamp
        self._save()

    def finish(self, status: Status) -> None:
        """Send what is left, close the MLflow run, and say what was not sent."""
        self.sync(self._run)
        self._up = self._up and self._attempt("status", lambda: self._server.close(status))
        self._save()
        if self._lost or self._pending:
            names = list(self._lost) or ["metrics"]
            missing = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
            logger.warning("not sent to MLflow: %s; the next command on this run tries again", missing)

    # ------------------------------------------------------------ pieces

    def _connect(self) -> bool:
        """Find the MLflow run of this folder, or begin one; then its parameters."""
        return self._attempt("run", self._find_or_begin) and self._attempt("parameters", self._send_parameters)

    def _find_or_begin(self) -> None:
        if self._server.run_id is not None:
            self._server.check()
            return
        name = f"{self._run.path.parent.name}/{self._run.path.name}"
        if not self._server.begin(self._known(self._run), name, str(self._run.path), self._parent()):
            return
        # A new MLflow run knows nothing yet, whatever another one was told.
        self._sent, self._pending = _nothing(), list(_points(self._run.rows("metrics.jsonl")))
        self._run.save_json(ITS_RUN, {"tracking_uri": str(self._server), "run_id": self._server.run_id})

    def _known(self, run: "Run") -> str | None:
        """The run of this server that mirrors a folder."""
        known = run.load_json(ITS_RUN) if run.has(ITS_RUN) else {}
        found: str | None = known.get("run_id") if known.get("tracking_uri") == str(self._server) else None
        return found

    def _parent(self) -> str | None:
        """The run of this server that mirrors the one which this one belongs to."""
        if not self._run.has(PARENT):
            return None
        return self._known(type(self._run)((self._run.path / self._run.load_json(PARENT)["run"]).resolve()))

    def _send_parameters(self) -> None:
        if self._parameters:
            self._server.send_parameters({name: _written(value) for name, value in self._parameters.items()})
            self._sent["parameters"], self._parameters = True, {}

    def _send_metrics(self) -> None:
        self._server.send_points(self._pending)
        self._pending.clear()
        path = self._run.path / "metrics.jsonl"
        self._sent["rows"] = path.read_bytes().count(b"\n") if path.is_file() else 0

    def _changed(self, run: "Run") -> list[tuple[str, str]]:
        """Names and stamps of the files that are not on the server as they are now."""
        patterns = sorted(artifacts(), key=_size_class)
        paths = [path for pattern in patterns for path in sorted(run.path.glob(pattern))]
        stamps = [(path.relative_to(run.path).as_posix(), _stamp(path)) for path in paths]
        return [(name, stamp) for name, stamp in stamps if self._sent["files"].get(name) != stamp]

    def _send_file(self, name: str, stamp: str) -> None:
        if name in {"evaluation.json", "calibration.json"}:
            self._server.send_points(list(_results(self._run.load_json(name))))
        self._server.send_file(self._run.path / name, name)
        self._sent["files"][name] = stamp

    def _attempt(self, what: str, action: Callable[[], None]) -> bool:
        """Do something with the server; on failure warn once, remember why, and say so."""
        began = time.monotonic()
        reason = self._server.attempt(action)
        if reason is None:
            self._lost.pop(what, None)
            return True
        now = time.monotonic()
        self._ask_again_at = now + PATIENCE * (now - began)
        self._lost[what] = reason
        if not self._warned:
            logger.warning("MLflow at %s: %s; the run goes on, what is missing is sent later", self._server, reason)
            self._warned = True
        return False

    def _save(self) -> None:
        lost = [{"what": what, "why": why} for what, why in self._lost.items()]
        if self._pending and not self._up and "metrics" not in self._lost:
            lost.append({"what": "metrics", "why": NOT_ASKED})
        self._run.save_json("tracking.json", {"sent": self._sent, "not_sent": lost})


def _nothing() -> dict[str, Any]:
    return {"rows": 0, "parameters": False, "files": {}, "model": None, "registered": {}}


def _written(value: str | float | int | bool | None) -> str:
    """A parameter as YAML spells it."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _size_class(name: str) -> int:
    """0 for a small file, more for larger ones."""
    suffix = Path(name).suffix
    return 1 + LARGE.index(suffix) if suffix in LARGE else 0


def _stamp(path: Path) -> str:
    """Size and time of a file: equal stamps, equal content, as files here are only ever replaced whole."""
    if not path.is_file():
        return "absent"
    facts = path.stat()
    return f"{facts.st_size}-{facts.st_mtime_ns}"


def _points(rows: Iterable[Mapping[str, Any]]) -> Iterator[Point]:
    """The numbers of rows: those of epochs by epoch, those of steps by step and under `step/`."""
    now = time.time_ns() // 1_000_000
    for row in rows:
        prefix, place = ("", row["epoch"]) if row["kind"] == "epoch" else ("step/", row["step"])
        for name, value in row.items():
            if name not in {"kind", "epoch", "step"} and isinstance(value, int | float):
                yield Point(prefix + name, float(value), now, int(place))


def _results(content: Mapping[str, Any]) -> Iterator[Point]:
    """The numbers of `evaluation.json` or `calibration.json` with the ends of their intervals."""
    now = time.time_ns() // 1_000_000
    groups = {content["split"]: content["metrics"]} if "metrics" in content else {
        f"calibration/{side}": content[side] for side in ("before", "after")
    }  # fmt: skip
    if "temperature" in content:
        yield Point("calibration/temperature", float(content["temperature"]), now, 0)
    for group, metrics in groups.items():
        for name, entry in metrics.items():
            for end, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
                if entry.get(end) is not None:
                    yield Point(f"{group}/{name}{suffix}", float(entry[end]), now, 0)
