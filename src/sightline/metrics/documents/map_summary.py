"""What `explain.json` says of where the maps of many images lie."""

from typing import NotRequired, TypedDict

from sightline.metrics.documents.interval import IntervalJson


class PlaceShare(TypedDict):
    """The mean share of the maps' mass in one place, and of an untrained network's (at least that of an even map)."""

    place: str
    share: IntervalJson
    expected: float


class ClassPlaces(TypedDict):
    """The places of the maps of one class; null stands for all classes together."""

    label: str | None
    images: int
    places: list[PlaceShare]


class AlarmJson(TypedDict):
    """A place where much more lies than expected; `excess` is the corrected lower limit of the median difference."""

    label: str | None
    place: str
    images: int
    share: float
    expected: float
    excess: float


class ObjectsJson(TypedDict):
    """How often the highest value lies on the object, and how much of the mass; `area` is what chance would give."""

    images: int
    pointing: IntervalJson
    energy: IntervalJson
    area: float


class MapSummaryJson(TypedDict):
    """See `explain.summary`."""

    method: str
    split: str
    images: int
    of: int
    empty: int
    untested: int
    margin: float
    classes: list[ClassPlaces]
    alarms: list[AlarmJson]
    objects: NotRequired[ObjectsJson]
