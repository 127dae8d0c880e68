"""What a run folder holds, read once for the page and the model card; whatever is missing is None or empty."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sightline.metrics.catalogue import MONITORED, monitored
from sightline.run.folder import Run

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Contents:
    """The files of a run.

    Attributes:
        name: the run's folder and the folder above it.
        config_text: `config.yaml` as it stands.
        config: the same, parsed.
        epochs: the epoch rows of `metrics.jsonl`.
        ledger: the uses of the test labels.
        figures: stem to PNG file.
    """

    name: str
    config_text: str
    config: Json
    provenance: Json | None
    split: Json | None
    validation: Json | None
    preprocessing: Json | None
    evaluation: Json | None
    calibration: Json | None
    uncertainty: Json | None
    explain: Json | None
    soup: Json | None
    cost: Json | None
    epochs: list[dict[str, Any]]
    ledger: list[dict[str, Any]]
    figures: Mapping[str, Path]

    @classmethod
    def read(cls, run: Run) -> "Contents":
        """Read a run.

        Raises:
            RunFailedError: a file is there but damaged.
        """

        def json(name: str) -> Json | None:
            return run.load_json(name) if run.has(name) else None

        text = (run.path / "config.yaml").read_text() if run.has("config.yaml") else ""
        return cls(
            name=f"{run.path.parent.name}/{run.path.name}",
            config_text=text,
            config=yaml.safe_load(text) or {},
            provenance=json("provenance.json"),
            split=json("split.json"),
            validation=json("validation.json"),
            preprocessing=json("preprocessing.json"),
            evaluation=json("evaluation.json"),
            calibration=json("calibration.json"),
            uncertainty=json("uncertainty.json"),
            explain=json("explain/explain.json"),
            soup=json("soup.json"),
            cost=json("cost.json"),
            epochs=[row for row in run.rows("metrics.jsonl") if row.get("kind") == "epoch"],
            ledger=run.rows("test_ledger.jsonl"),
            figures={path.stem: path for path in sorted((run.path / "figures").glob("*.png"))},
        )

    def setting(self, dotted: str, default: Any = None) -> Any:
        """A value of the configuration by its dotted key."""
        value: Any = self.config
        for key in dotted.split("."):
            if not isinstance(value, Mapping) or key not in value:
                return default
            value = value[key]
        return value

    @property
    def monitor(self) -> str:
        """The value that decided which epoch was kept."""
        return str(self.setting("training.monitor", MONITORED[0]))

    @property
    def kept(self) -> Json | None:
        """The row of the epoch whose weights were kept: the best by the monitored value, the earlier of two equals."""
        known = [row for row in self.epochs if row.get(self.monitor) is not None]
        if not known:
            return None
        sign = monitored(self.monitor).sign
        return min(known, key=lambda row: sign * float(row[self.monitor]))

    @property
    def test_uses(self) -> int:
        """How often the test labels were used."""
        return len(self.ledger)
