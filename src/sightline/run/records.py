"""What stands in the files of a run that more than one room reads or writes."""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

from sightline.machine.provenance import Commit
from sightline.metrics.documents.explanation import QualityJson
from sightline.metrics.documents.map_summary import MapSummaryJson

MetricsRow = Mapping[str, str | float]
"""A row of `metrics.jsonl`: its kind, `epoch` or `step`, and numbers by name."""


class MemberRow(TypedDict):
    """A row of a study's `members.jsonl`: a training that has begun or ended, and its folder beside the study's."""

    variant: str
    seed: int
    run: str
    state: Literal["begun", "finished"]


class LoggedRow(TypedDict):
    """What every row of `metrics.jsonl` holds, and the seconds of an epoch; the rest hangs on the task."""

    kind: Literal["epoch", "step"]
    epoch: float
    step: float
    seconds: NotRequired[float]


class LedgerRow(TypedDict):
    """A line of the ledger; `measured` are digests of the answers that the labels were held against.

    Lines of earlier versions do not say what was measured.
    """

    time: str
    stage: str
    purpose: str
    measured: NotRequired[list[str]]


class ExternalSplit(TypedDict):
    """Of one split of another tool's predictions: the group of each id, or null, and how the file was read."""

    groups: dict[str, str] | None
    notes: list[str]


class SplitItems(TypedDict):
    """What `split.json` holds of the items of a role, whatever they are of: a column each."""

    ids: list[str]
    hashes: list[str]
    labels: NotRequired[list[int]]
    groups: list[str] | None


class SplitFile(TypedDict):
    """What is read of `split.json`; targets beside the only class have keys of their own."""

    seed: int
    class_names: NotRequired[list[str]]
    counts: dict[str, int]
    items: dict[str, SplitItems]


class PreprocessingFile(TypedDict):
    """The content of `preprocessing.json`."""

    image_size: int
    mean: list[float]
    std: list[float]
    interpolation: Literal["bilinear", "bicubic"]
    crop_fraction: float
    class_names: list[str]
    white: NotRequired[int]
    fit: NotRequired[Literal["crop", "letterbox", "squash", "whole"]]
    shorter: NotRequired[int | None]
    tile: NotRequired[int | None]


class ProvenanceFile(TypedDict):
    """What is read of `provenance.json`."""

    time: NotRequired[str]
    command: list[str]
    config_hash: str
    git: NotRequired[Commit | None]
    packages: NotRequired[dict[str, str]]
    machine: NotRequired[dict[str, object]]


class SoupFile(TypedDict):
    """What is read of `soup.json`."""

    epochs: list[int]
    taken: bool


class ExplainedItem(TypedDict):
    """What is read of an image that was explained."""

    right: bool


class ExplainedBy(TypedDict):
    """What is read of a method of explanation."""

    name: str
    label: str
    layer: NotRequired[str]
    refused: NotRequired[str]


class ExplainFile(TypedDict):
    """What is read of `explain/explain.json`."""

    method: str
    layer: str
    methods: NotRequired[list[ExplainedBy]]
    split: str
    items: list[ExplainedItem]
    quality: NotRequired[QualityJson]
    summary: NotRequired[MapSummaryJson]
