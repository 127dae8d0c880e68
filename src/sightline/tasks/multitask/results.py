"""The results of a label and of a mask, side by side."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sightline.reporting.sections.blocks import Table
from sightline.run.folder import Run
from sightline.run.part import PartOfRun
from sightline.tasks.results import Results


@dataclass(frozen=True)
class MultitaskResults:
    """See `tasks.results.Results`.

    Attributes:
        split: that was measured.
        n: how many images it has.
        parts: the results of each target that some of them bear.
    """

    split: str
    n: int
    parts: Mapping[str, Results]

    @property
    def content(self) -> dict[str, object]:
        """Those of each target under its name; of an evaluation, the metrics of all together as well."""
        parts = {name: part.content for name, part in self.parts.items()}
        measured = [content["metrics"] for content in parts.values() if "metrics" in content]
        metrics = {key: value for one in measured if isinstance(one, Mapping) for key, value in one.items()}
        return {"split": self.split, "n": self.n, **({"metrics": metrics} if metrics else {}), **parts}

    def draw(self, run: Run) -> None:
        """The figures of all, each beginning with the name of its target."""
        for name, part in self.parts.items():
            part.draw(PartOfRun(run, name))

    def tables(self) -> Iterator[tuple[str, Table]]:
        """One after the other."""
        for name, part in self.parts.items():
            for title, table in part.tables():
                yield f"{name}: {title}", table

    def values(self) -> dict[str, float]:
        """All; what is called alike in several targets stands behind the name of the target."""
        values = {name: part.values() for name, part in self.parts.items()}
        times = Counter(key for one in values.values() for key in one)
        return {
            key if times[key] == 1 else f"{name}_{key}": value
            for name, one in values.items()
            for key, value in one.items()
        }
