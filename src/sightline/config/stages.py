"""The stages: what each needs, may see and writes. This table is the only list of them.

A stage is a file `stages/<name>.py` with a function `run(config, run)`, a row here, and a mode in conf/mode/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from typing import Literal


@dataclass(frozen=True)
class Stage:
    """What others must know of a stage before it is imported.

    Attributes:
        needs: what a mode that begins with it is about: a run to make or to go on with, a finished one, several to
            compare, or a search that makes its runs itself.
        reads_test_labels: whether it may see test labels; whatever fits or chooses something may not.
        external_split: the split it measures when another tool made the predictions (`predictions=`); None: it cannot.
        takes_input: whether it reads images that `input=` names.
        takes_output: whether it writes into a folder that `output=` names.
        every_process: whether all processes of torchrun take part, and not only the one that writes.
        settles: whether numbers that were left to a rule are decided before it.
        tracked: whether the run is mirrored by its tracker from this stage on.
        logs_model: whether a mode with it ends with the model at the tracker.
        artifacts: files that it writes and that are mirrored, by name or pattern.
        local_files: files that it writes and that are not.
    """

    needs: Literal["new run", "finished run", "finished runs", "search"]
    reads_test_labels: bool = False
    external_split: Literal["calibration", "test"] | None = None
    takes_input: bool = False
    takes_output: bool = False
    every_process: bool = False
    settles: bool = False
    tracked: bool = False
    logs_model: bool = False
    artifacts: tuple[str, ...] = ()
    local_files: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether it writes anything into the run."""
        return bool(self.artifacts or self.local_files)


STAGES: Mapping[str, Stage] = {
    "validate": Stage("new run", artifacts=("split.json", "validation.json", "duplicates.csv")),
    "train": Stage(
        "new run",
        every_process=True,
        settles=True,
        tracked=True,
        logs_model=True,
        # split.json once more: a run that lacks it has to be trained.
        artifacts=("split.json", "preprocessing.json", "metrics.jsonl", "checkpoints/best.pt"),
        local_files=("checkpoints/last.pt", "checkpoints/previous.pt", "freezing.json", "soup.json", "profile.*"),
    ),
    "lr_range": Stage("new run", settles=True, local_files=("lr_range.json",)),
    "evaluate": Stage(
        "finished run",
        reads_test_labels=True,
        external_split="test",
        tracked=True,
        logs_model=True,
        artifacts=("evaluation.json", "examples/*.csv"),
        local_files=("predictions/test.npz", "cost.json", "examples/*"),
    ),
    "calibrate": Stage(
        "finished run",
        external_split="calibration",
        tracked=True,
        artifacts=("calibration.json",),
        local_files=("predictions/val.npz", "predictions/calibration.npz", "reference.npz"),
    ),
    "explain": Stage(
        "finished run",
        takes_input=True,
        takes_output=True,
        tracked=True,
        artifacts=("explain/explain.json",),
        local_files=("explain/maps.npz", "explain/input/*"),
    ),
    "report": Stage("finished run", takes_output=True, tracked=True, artifacts=("model_card.md", "report.html")),
    "predict": Stage("finished run", takes_input=True, takes_output=True),
    "drift": Stage(
        "finished run", takes_input=True, takes_output=True, local_files=("drift.json", "figures/drift*.png")
    ),
    "export": Stage("finished run", local_files=("export/*",)),
    "compare": Stage(
        "finished runs",
        reads_test_labels=True,
        takes_output=True,
        local_files=("comparison.json", "comparison_*.csv"),
    ),
    "uncertainty": Stage(
        "finished run",
        reads_test_labels=True,
        tracked=True,
        local_files=("uncertainty.json", "uncertainty/*.npz"),
    ),
    "robustness": Stage(
        "finished run",
        reads_test_labels=True,
        tracked=True,
        artifacts=("robustness.json",),
        local_files=("robustness/*.npz",),
    ),
    "sweep": Stage("search", artifacts=("sweep.json", "best.yaml"), local_files=("again.jsonl", "clock.json")),
}


def with_robustness(stages: Sequence[str], choice: str) -> list[str]:
    """The stages of a mode; a training that reports measures robustness before, if `robustness=quick` was chosen."""
    found = list(stages)
    if choice == "quick" and {"train", "report"} <= set(found) and "robustness" not in found:
        found.insert(found.index("report"), "robustness")
    return found


def artifacts() -> tuple[str, ...]:
    """Names and patterns of all files that are mirrored, those of every run around those of the stages."""
    of_stages = chain.from_iterable(stage.artifacts for stage in STAGES.values())
    found = ("config.yaml", "provenance.json", *of_stages, "test_ledger.jsonl", "figures/*.png")
    return tuple(dict.fromkeys(found))


def writer_of(file: str) -> str:
    """The stage that writes a file, and so the mode to take where it is missing; training where no stage lists it."""
    writers = [
        name
        for name, stage in STAGES.items()
        if any(fnmatchcase(file, pattern) for pattern in (*stage.artifacts, *stage.local_files))
    ]
    return writers[-1] if writers else "train"
