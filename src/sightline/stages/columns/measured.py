"""Which columns a run has: what the last command of mode `robustness` measured, and what would measure it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

from numpy.typing import NDArray

from sightline.config.columns import CLEAN, GROUNDS, MEAN, MOVES, NOISES, WORST, Column
from sightline.errors import UsageError
from sightline.metrics.documents.attacks import Attacks
from sightline.metrics.documents.robustness import Corruptions, Robustness
from sightline.run.folder import Run
from sightline.run.origin import staleness
from sightline.stages.conditions.question import Key

Arrays = Mapping[str, NDArray[Any]]
RESULT: Final = "robustness.json"


@dataclass(frozen=True)
class Measured:
    """A run, and what the last command of mode `robustness` says of it."""

    run: Run
    found: Robustness

    @classmethod
    def of(cls, run: Run) -> Self:
        """Read `robustness.json`.

        Raises:
            UsageError: there is none, or it is about other weights.
        """
        if not run.has(RESULT):
            raise UsageError(f"{run.path} was never measured by mode robustness; measure it: {command(run)}")
        if reason := staleness(run, RESULT):
            raise UsageError(f"{run.path / RESULT} {reason}; measure it anew: {command(run)}")
        return cls(run, run.load_json(RESULT))

    @property
    def split(self) -> str:
        """Whose images were measured."""
        return self.found["split"]

    @property
    def corruptions(self) -> Corruptions:
        """How images were corrupted."""
        return self.found["corruptions"]

    @property
    def attacks(self) -> Attacks | None:
        """How they were attacked, if they were."""
        return self.found.get("attacks")

    @property
    def targets(self) -> tuple[str, ...]:
        """Of the model, as far as some image bears them."""
        return tuple(self.corruptions["targets"])

    @cached_property
    def keys(self) -> list[Key]:
        """Of clean images and corruptions; they are the same for each target."""
        targets = list(self.corruptions["targets"].values())
        return [(one["corruption"], one["severity"]) for one in targets[0]["conditions"]] if targets else []

    @cached_property
    def moved(self) -> list[Key]:
        """Of shifts and rotations, likewise."""
        targets = list(self.found.get("moves", {}).values())
        return [(one["corruption"], one["severity"]) for one in targets[0]["conditions"]] if targets else []

    @property
    def noises(self) -> list[str]:
        """Of noise beside the attacks."""
        return [f"noise_{one['name']}" for one in self.attacks.get("noise", [])] if self.attacks else []

    @property
    def columns(self) -> list[str]:
        """Names of the columns that there are of each image, without the target."""
        changed = [*(key for key in self.keys if key[0] != CLEAN), *self.moved]
        attacks = [one["name"] for one in self.attacks["attacks"]] if self.attacks else []
        return [
            *([MEAN] if len(self.keys) > 1 else []),
            CLEAN,
            *dict.fromkeys(name for name, _ in changed),
            *(f"{name}_{size}" for name, size in changed),
            *self.noises,
            *(GROUNDS if "backgrounds" in self.found else []),
            *([WORST, *attacks] if attacks else []),
        ]

    def keys_of(self, column: Column) -> list[Key]:
        """Of the conditions that a column is the mean of."""
        if column.name == MEAN:
            return [key for key in self.keys if key[0] != CLEAN]
        if column.name in {*NOISES, *GROUNDS}:
            return [(column.name, 0)]
        among = self.moved if column.name in MOVES else self.keys
        return [key for key in among if key[0] == column.name and column.size in {None, key[1]}]

    def arrays(self, file: str) -> Arrays:
        """Of a file that is about the run as it is now.

        Raises:
            UsageError: it is missing, or is not.
            RunFailedError: it is damaged.
        """
        if not self.run.has(file):
            raise UsageError(f"{self.run.path} has no {file}; measure it anew: {command(self.run, self)}")
        if reason := staleness(self.run, file):
            raise UsageError(f"{self.run.path / file} {reason}; measure it anew: {command(self.run, self)}")
        return self.run.load_arrays(file)

    def mixed(self) -> UsageError:
        """That files are of another command than `robustness.json`."""
        return UsageError(
            f"{self.run.path / 'robustness'} holds answers to another command of mode robustness than {RESULT}, as "
            f"where one was broken off; measure it anew: {command(self.run, self)}"
        )


def command(run: Run, like: Measured | None = None) -> str:
    """What measures a run, as another one was where that is given."""
    words = ["bash run.sh robustness", f"run={run.path}"]
    if like is None:
        return " ".join(words)
    about, names = like.corruptions, dict.fromkeys(name for name, _ in like.keys if name != CLEAN)
    words += [f"robustness.split={like.split}", f"robustness.corruptions=[{','.join(names)}]"]
    if names:
        words += [f"robustness.severities=[{','.join(map(str, about['severities']))}]"]
        words += [f"robustness.constants={about['constants']}"]
    words.append(f"robustness.seed={about['seed']}")
    for kind in MOVES:
        words.append(f"robustness.{kind}s=[{','.join(str(size) for name, size in like.moved if name == kind)}]")
    words.append(f"robustness.backgrounds={str('backgrounds' in like.found).lower()}")
    if like.found["n"] < len(like.run.load_json("split.json")["items"][like.split]["ids"]):
        words.append(f"robustness.items={like.found['n']}")
    listed = [] if like.attacks is None else like.attacks["attacks"]
    words.append(f"robustness.attacks=[{','.join(one['name'] for one in listed)}]")
    if like.attacks is not None:
        words += [f"robustness.norm={like.attacks['norm']}", f"robustness.budget={like.attacks['budget']:g}"]
        words.append(f"robustness.attacked={like.attacks['n']}")
        words.append(f"robustness.noise=[{','.join(name.removeprefix('noise_') for name in like.noises)}]")
        effort = {key: count for one in listed for key, count in one["effort"].items()}
        words += [f"robustness.{key}={count}" for key, count in effort.items()]
    return " ".join(words)
