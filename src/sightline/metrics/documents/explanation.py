"""What `explain/explain.json` says of the quality of maps; each interval is of a mean over the images explained."""

from typing import NotRequired, TypedDict

from sightline.metrics.documents.interval import IntervalJson


class RemovalJson(TypedDict):
    """Deletion or insertion with one fill-in: areas under the confidence, and by how much the map's own is better."""

    own: IntervalJson
    random: IntervalJson
    edges: IntervalJson
    over_random: IntervalJson
    over_edges: IntervalJson
    beaten: IntervalJson


class RandomWeightsJson(TypedDict):
    """Spearman's correlation with the maps of ever more random weights; a layer for each, the last is the first."""

    layers: list[str]
    correlations: list[IntervalJson]


class CompletenessJson(TypedDict):
    """Of integrated gradients: the share of images that are complete within `tolerance`, and the largest miss."""

    complete: IntervalJson
    tolerance: float
    largest: float
    steps: int


class MapQuality(TypedDict):
    """Of the maps of one method; `removal` by fill-in and then by direction, `completeness` of what adds up."""

    name: str
    removal: dict[str, dict[str, RemovalJson]]
    random_weights: NotRequired[RandomWeightsJson]
    completeness: NotRequired[CompletenessJson]


class AlikeJson(TypedDict):
    """How alike the maps of two methods are."""

    methods: list[str]
    correlation: IntervalJson


class QualityJson(TypedDict):
    """All of it; `left` is the confidence once a fill-in has replaced the whole image."""

    images: int
    random_maps: int
    steps: int
    passes: int
    untouched: IntervalJson
    left: dict[str, IntervalJson]
    methods: list[MapQuality]
    alike: list[AlikeJson]


class ItemQuality(TypedDict):
    """Of one map: the area of its deletion, mean over the fill-ins, beside that of random maps.

    Of integrated gradients also how far they are from complete, as a share of what they explain.
    """

    deletion: float
    random: float
    beaten: float
    completeness_error: NotRequired[float]
