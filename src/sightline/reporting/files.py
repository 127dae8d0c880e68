"""The files of a run that more than one section reads."""

from collections.abc import Mapping
from typing import Final, NotRequired

from sightline.machine.provenance import Provenance
from sightline.metrics.documents.calibration import Calibration
from sightline.metrics.documents.evaluation import Evaluation
from sightline.metrics.documents.validation import Validation
from sightline.reporting.contents import JsonFile


class StoredProvenance(Provenance):
    """`provenance.json`; runs do not say there what their data are, but the report has a place for it."""

    data: NotRequired[Mapping[str, object]]


EVALUATION: Final = JsonFile[Evaluation]("evaluation.json")
CALIBRATION: Final = JsonFile[Calibration]("calibration.json")
VALIDATION: Final = JsonFile[Validation]("validation.json")
PROVENANCE: Final = JsonFile[StoredProvenance]("provenance.json")
