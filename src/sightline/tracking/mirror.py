"""What was sent and what was not: keeps the mirror of a run in step with its folder, whatever the server does.

What fails is kept, tried again after each stage and by the next command on the run, and named in `tracking.json`.
`mlflow_run.json` remembers which MLflow run mirrors the folder.
"""

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sightline.config.stages import artifacts
from sightline.errors import RunFailedError
from sightline.machine.credentials import without_credential
from sightline.tracking.points import RESULTS, points_of_rows
from sightline.tracking.server import Server
from sightline.tracking.state import STATE_FILE, nothing_sent, read_state, result, rows, stamp, texts
from sightline.tracking.tracker import PARENT, Parameters, Status, Tracker

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from sightline.run.folder import Run
    from sightline.run.records import MetricsRow

logger = logging.getLogger(__name__)

LARGE: Final = (".png", ".md", ".html", ".pt")
"""Endings of the files that are sent after all others, the largest last."""
SERVER_RUN: Final = "mlflow_run.json"
"""Of a run folder: which run of which server mirrors it."""
MODEL_FILES: Final = ("checkpoints/best.pt", "calibration.json")
"""What a logged model is made of."""
NOT_ASKED: Final = "the server had failed before and was not asked again"
BACKOFF: Final = 6.0
"""A server that took t seconds to fail is left alone for this many t: a refusal costs nothing, a time-out much."""


class Mirror(Tracker):
    """Follows a run and copies it to a server.

    Args:
        server: where to.
        run: the run.
        parameters: logged once.
    """

    def __init__(self, server: Server, run: "Run", parameters: Parameters) -> None:
        self._server = server
        self._run = run
        self._parameters = parameters
        self._warned = False
        self._ask_again_at = 0.0
        before = read_state(run)
        self._sent = before["sent"]
        self._not_sent = {lost["what"]: lost["why"] for lost in before["not_sent"] if lost["what"] == "model"}
        self._pending = list(points_of_rows(rows(self._run)[self._sent["rows"] :]))
        self._answers = self._connect()
        self._save()

    def listen(self, row: "MetricsRow") -> None:
        """Keep a row, and with each epoch send what was kept; a server that failed is left alone until `sync`."""
        self._pending += points_of_rows([row])
        if row["kind"] != "epoch":
            return
        self._answers = self._answers and self._attempt("metrics", self._send_metrics)
        self._save()

    def sync(self, run: "Run") -> None:
        """Send rows and files that are new or changed, and try again what failed."""
        may_ask = self._answers or time.monotonic() >= self._ask_again_at
        self._answers = may_ask and self._connect() and self._attempt("metrics", self._send_metrics)
        for name, current in self._changed(run):
            # One file may be refused while the others pass: the server is given up only when it answers nothing at all.
            if self._answers and not self._attempt(name, partial(self._send_file, name, current)):
                self._answers = self._attempt("run", self._server.check)
            elif not self._answers:
                self._not_sent.setdefault(name, NOT_ASKED)
        self._save()

    def log_model(
        self, model: "nn.Module", example: "NDArray[np.float32]", answers: Mapping[str, object] | None = None
    ) -> None:
        """Log the model, once for each state of the best checkpoint and of its calibration."""
        parts = [self._run.path / name for name in MODEL_FILES]
        current = " ".join(stamp(path) for path in parts if path.is_file())
        if self._sent["model"] == current:
            return
        logger.info("tracking: logging the model")
        if not self._answers:
            self._not_sent["model"] = NOT_ASKED
        elif self._attempt("model", lambda: self._server.send_model(model, example, answers)):
            self._sent["model"] = current
        self._save()

    def register(self, name: str) -> None:
        """Register what was logged, and say which version it is."""
        logged = self._sent["model"]
        if not self._answers or logged is None:
            reasons = [self._not_sent[lost] for lost in ("run", "model") if lost in self._not_sent]
            raise RunFailedError(f"the model was not registered as {name}: {(reasons or [NOT_ASKED])[0]}")
        if self._sent["registered"].get(name) == logged:
            return
        why = self._server.attempt(partial(self._server.register, name))
        if why is not None:
            raise RunFailedError(f"the model was not registered as {name}: {why}")
        self._sent["registered"][name] = logged
        self._save()

    def finish(self, status: Status) -> None:
        """Send what is left, close the MLflow run, and say what was not sent."""
        self.sync(self._run)
        self._answers = self._answers and self._attempt("status", lambda: self._server.close(status))
        self._save()
        if self._not_sent or self._pending:
            names = list(self._not_sent) or ["metrics"]
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
        self._sent = nothing_sent()
        self._pending = list(points_of_rows(rows(self._run)))
        self._run.save_json(SERVER_RUN, {"tracking_uri": str(self._server), "run_id": self._server.run_id})

    def _known(self, run: "Run") -> str | None:
        """The run of this server that mirrors a folder."""
        known = texts(run, SERVER_RUN)
        address = without_credential(str(known.get("tracking_uri")))  # older ones stand there with *** or a token
        return known.get("run_id") if address == str(self._server) else None

    def _parent(self) -> str | None:
        """The run of this server that mirrors the one which this one belongs to."""
        folder = texts(self._run, PARENT).get("run")
        return None if folder is None else self._known(type(self._run)((self._run.path / folder).resolve()))

    def _send_parameters(self) -> None:
        if self._parameters:
            self._server.send_parameters({name: _written(value) for name, value in self._parameters.items()})
            self._sent["parameters"] = True
            self._parameters = {}

    def _send_metrics(self) -> None:
        self._server.send_points(self._pending)
        self._pending.clear()
        self._sent["rows"] = len(rows(self._run))

    def _changed(self, run: "Run") -> list[tuple[str, str]]:
        """Names and stamps of the files that are not on the server as they are now."""
        patterns = sorted(artifacts(), key=_size_class)
        paths = [path for pattern in patterns for path in sorted(run.path.glob(pattern))]
        stamps = {path.relative_to(run.path).as_posix(): stamp(path) for path in paths}
        return [(name, current) for name, current in stamps.items() if self._sent["files"].get(name) != current]

    def _send_file(self, name: str, current: str) -> None:
        if name in RESULTS and (content := result(self._run, name)) is not None:
            self._server.send_points(list(RESULTS[name](content)))
        self._server.send_file(self._run.path / name, name)
        self._sent["files"][name] = current

    def _attempt(self, what: str, action: Callable[[], None]) -> bool:
        """Do something with the server; on failure warn once, remember why, and say so."""
        began = time.monotonic()
        reason = self._server.attempt(action)
        if reason is None:
            self._not_sent.pop(what, None)
            return True
        now = time.monotonic()
        self._ask_again_at = now + BACKOFF * (now - began)
        self._not_sent[what] = reason
        if not self._warned:
            logger.warning("MLflow at %s: %s; the run goes on, what is missing is sent later", self._server, reason)
            self._warned = True
        return False

    def _save(self) -> None:
        not_sent = [{"what": what, "why": why} for what, why in self._not_sent.items()]
        if self._pending and not self._answers and "metrics" not in self._not_sent:
            not_sent.append({"what": "metrics", "why": NOT_ASKED})
        self._run.save_json(STATE_FILE, {"sent": self._sent, "not_sent": not_sent})


def _written(value: str | float | int | bool | None) -> str:
    """A parameter as YAML spells it."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _size_class(name: str) -> int:
    """0 for a small file, more for larger ones."""
    suffix = Path(name).suffix
    return 1 + LARGE.index(suffix) if suffix in LARGE else 0
