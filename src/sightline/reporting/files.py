"""The files of a run that more than one section reads."""

from collections.abc import Mapping, Sequence
from typing import Final, TypedDict

from sightline.metrics.documents.calibration import Calibration
from sightline.metrics.documents.evaluation import Evaluation
from sightline.metrics.documents.validation import Validation
from sightline.reporting.contents import JsonFile


class Commit(TypedDict):
    """The state of the code, where it is under version control."""

    commit: str
    dirty: bool


class Provenance(TypedDict):
    """What is read of `provenance.json`."""

    time: str
    command: Sequence[str]
    sightline: str
    python: str
    config_hash: str
    threads: int
    git: Commit | None
    machine: Mapping[str, object]
    data: Mapping[str, object]
    packages: Mapping[str, str]


EVALUATION: Final = JsonFile[Evaluation]("evaluation.json")
CALIBRATION: Final = JsonFile[Calibration]("calibration.json")
VALIDATION: Final = JsonFile[Validation]("validation.json")
PROVENANCE: Final = JsonFile[Provenance]("provenance.json")
