"""One small run, what may befall its folder, and what its numbers must be: the ground of a state machine."""

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch

from tests.invariants.faults.bench import complaint
from tests.invariants.faults.client import Server
from tests.invariants.faults.plans import Job, Outcome
from tests.invariants.faults.results import rows, same, untimed
from tests.invariants.faults.scenarios import draw_pictures, scenarios
from tests.invariants.faults.states import States

BEST = "checkpoints/best.pt"
KEPT = ("config.yaml", "provenance.json", "split.json", "preprocessing.json", BEST, "test_ledger.jsonl")
"""Files that no command may lose."""
NOWHERE = Path("nowhere")

Damage = Callable[[bytes, random.Random], bytes | None]
"""From the content of a file to the content that it has then; None: it is gone."""


def _flip(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]


def _tear(content: bytes, _: random.Random) -> bytes:
    return content.rstrip()[:-3]


DAMAGES: Mapping[str, Damage] = {
    "deleted": lambda _, __: None,
    "emptied": lambda _, __: b"",
    "cut in half": lambda content, _: content[: len(content) // 2],
    "replaced by a list": lambda _, __: b"[]\n",
    "replaced by nothing known": lambda _, __: b"\x00\xff\xfe no such thing",
    "torn": _tear,
    "flipped": _flip,
}
"""A flipped bit only where files hold more than text: JSON with another digit is JSON."""
BINARY = (".pt", ".npz", ".bin")


class World:
    """The run, in a folder of its own.

    Args:
        server: runs commands.
        folder: for all that is needed.
    """

    def __init__(self, server: Server, folder: Path) -> None:
        self.root = folder / "root"
        self.runs = self.root / "runs"
        self.root.mkdir()
        self.pictures = folder / "pictures"
        self._server, self._states = server, States(folder / "states")
        self._words = {name: one.words for name, one in scenarios(folder, self.runs).items()}
        self.damaged: list[str] = []
        self.empty = self._states.keep(self.root)
        whole = server.run(Job(self._words["train"], self.root, states=self._states.place))
        assert whole.status == 0, whole.err
        self.trained = self._states.keep(self.root)
        self.points = len(whole.points)
        self.rows = self._metrics()
        self.truths = {self.weights(): self._truth()}
        self.final = self.weights()
        self.halfway = self._state_halfway([state for _, state in whole.kills])

    # ------------------------------------------------------------ what is true

    def _state_halfway(self, states: list[str]) -> str:
        """The state in which the first epoch has ended and the last has not; what holds of its weights is noted."""
        for state in states:
            self._states.put_back(state, self.root)
            if self.run != NOWHERE and (self.run / BEST).is_file() and (self.run / "checkpoints/last.pt").is_file():
                if self.weights() not in self.truths:
                    self.truths[self.weights()] = self._truth()
                return state
        raise AssertionError("no epoch ended")

    def _truth(self) -> dict[str, Any]:
        """What the weights that are there are worth, calibrated and not, measured in peace."""
        state = self._states.keep(self.root)
        found = {}
        for name, stages in (("plain", ("evaluate",)), ("calibrated", ("calibrate", "evaluate"))):
            self._states.put_back(state, self.root)
            for stage in stages:
                outcome = self.command(stage)
                assert outcome.status == 0, outcome.err
            found[name] = self.load("evaluation.json")
        found["calibration"] = self.load("calibration.json")
        self._states.put_back(state, self.root)
        return found

    def weights(self) -> str | None:
        """A digest of what `best.pt` holds, less what clocks say; None where it is not there or does not open."""
        try:
            content = torch.load(self.run / BEST, weights_only=True)
        except Exception:  # noqa: BLE001 - whatever damage makes of it
            return None
        digest = blake2b(digest_size=12)
        for name, tensor in sorted(content["model"].items()):
            digest.update(name.encode() + tensor.numpy().tobytes())
        return digest.hexdigest()

    def _metrics(self) -> list[Any]:
        return [untimed(row) for row in rows(self.run / "metrics.jsonl") if isinstance(row, dict)]

    # ------------------------------------------------------------ what is there

    @property
    def run(self) -> Path:
        """The folder of the run, not one whose command was killed before it was a run; without any, no place."""
        found = sorted(self.runs.glob("pictures-cnn/*/"))
        return next((path for path in found if (path / "config.yaml").is_file()), next(iter(found), NOWHERE))

    def load(self, name: str) -> Any:
        """A JSON file without what clocks say; None where it is none."""
        try:
            return untimed(json.loads((self.run / name).read_bytes()))
        except (OSError, ValueError):
            return None

    def files(self) -> list[Path]:
        """All that could be damaged: the run's and what was decoded; not its log."""
        found = (path for path in self.runs.rglob("*") if path.is_file() and not path.is_symlink())
        return sorted(path for path in found if path.name != "log.txt" and "latest" not in path.parts)

    def ledger(self) -> set[str]:
        """The uses of the test labels that are written down."""
        path = self.run / "test_ledger.jsonl"
        return {str(row.get("measured")) for row in rows(path) if isinstance(row, dict)} if path.exists() else set()

    def damage(self, path: Path, how: str, rng: random.Random) -> None:
        """Do damage to a file."""
        content = DAMAGES[how](path.read_bytes(), rng)
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        self.damaged.append(f"{path.relative_to(self.runs)} {how}")

    def begin(self, state: str) -> None:
        """Have the folder be in a state, and the pictures as they were."""
        self._states.put_back(state, self.root)
        self.restore_pictures()
        self.damaged = []

    def restore_pictures(self) -> None:
        """Have the pictures be as they were."""
        shutil.rmtree(self.pictures)
        draw_pictures(self.pictures)

    # ------------------------------------------------------------ what happens

    def command(self, name: str, *more: str, kill_at: int | None = None) -> Outcome:
        """Give a command, on the run that is there."""
        words = self._words[name]
        if name == "train" and (self.run / "config.yaml").is_file():
            words = (*words, f"run={self.run}")
        elif name != "train":
            words = (name, f"run={self.run}", *(word for word in words[1:] if not word.startswith("run=")))
        return self._server.run(Job((*words, *more), self.root, kill_at=kill_at))

    def wrong(self, name: str, outcome: Outcome) -> str | None:
        """What is wrong with the end of a command that nothing befell while it ran; None where nothing is."""
        if problem := complaint(outcome, self.root):
            return problem
        if outcome.status:
            return None
        weights = self.weights()
        if weights not in self.truths:
            return "status 0 with weights that no training gives"
        truth = self.truths[weights]
        match name:
            case "train":
                if weights != self.final:
                    return "status 0 at other weights"
                if not self._has_true_rows():
                    return "status 0 at other rows"
            case "calibrate":
                if not same(self.load("calibration.json"), truth["calibration"]):
                    return "status 0 at another calibration"
            case "evaluate":
                if not any(same(self.load("evaluation.json"), truth[kind]) for kind in ("plain", "calibrated")):
                    return "status 0 at another evaluation"
            case "report":
                stale = [found for found in self._mixed(truth) if found not in outcome.out + outcome.err]
                if stale:
                    return f"status 0 over {', '.join(stale)} of other weights"
        return None

    def _has_true_rows(self) -> bool:
        """Whether `metrics.jsonl` holds every row; where it was damaged, rows that are true."""
        found = self._metrics()
        if any("metrics.jsonl" in damage for damage in self.damaged):
            return all(any(same(row, true) for true in self.rows) for row in found)
        return same(found, self.rows)

    def _mixed(self, truth: Mapping[str, Any]) -> Iterator[str]:
        """Files of numbers that are not about the weights that are there."""
        evaluation, calibration = self.load("evaluation.json"), self.load("calibration.json")
        if evaluation is not None and not any(same(evaluation, truth[kind]) for kind in ("plain", "calibrated")):
            yield "evaluation.json"
        if calibration is not None and not same(calibration, truth["calibration"]):
            yield "calibration.json"

    def follow_remedy(self, outcome: Outcome) -> bool:
        """Remove the file, or give the mode, that a message names; false where it names neither."""
        if anew := re.search(r"mode `(\w+)` makes it anew", outcome.err):
            return self.command(anew.group(1)).status == 0
        found = re.search(r"(\S+) is damaged: .*remove it", outcome.err)
        if found is None or not Path(found.group(1)).is_file():
            return False
        Path(found.group(1)).unlink()
        return True
