"""How good heat maps are: what is lost as their pixels go, beside random maps and edges; what random weights leave."""

from collections.abc import Iterator, Mapping
from typing import Final

from sightline.metrics.documents.explanation import CompletenessJson, MapQuality, QualityJson
from sightline.metrics.documents.interval import IntervalJson
from sightline.reporting.formatting import MISSING, level
from sightline.reporting.sections.blocks import Alert, Block, Table, Text

HEADER: Final = ("Map", "Pixels", "Fill-in", "Own", "Random", "Edges", "Over random", "Over edges")
WAYS: Final[Mapping[str, str]] = {"deletion": "removed", "insertion": "inserted"}
ALIKE: Final = 0.3
"""Maps that correlate more than this with those of random weights do not show what was learned."""
LEFT: Final = 0.5
"""A fill-in that leaves as much of the confidence hides little."""


def quality_blocks(quality: QualityJson, labels: Mapping[str, str]) -> Iterator[Block]:
    """What was measured of the maps of each method.

    Args:
        quality: of `explain.json`.
        labels: what methods are called, by name.
    """
    for one in quality["methods"]:
        for text in verdicts(labels.get(one["name"], one["name"]), one):
            yield Alert(text)
    rows = [row for one in quality["methods"] for row in _rows(labels.get(one["name"], one["name"]), one)]
    caption = (
        f"Confidence in % while the pixels of an image go, or come, in the order of its map: mean over "
        f"{quality['images']:,} images, chosen as above. A good map loses it soon (low) and brings it soon (high). "
        f"Over: by how much the map is better than {quality['random_maps']} copies of it that were moved about, and "
        f"than the edges of the image, in points, with {level(quality['untouched'])} intervals over images."
    )
    yield Table(HEADER, rows, caption=caption)
    yield Text(_ends(quality), soft=True)
    if any("random_weights" in one for one in quality["methods"]):
        yield _random_weights(quality, labels)
    for one in quality["methods"]:
        if complete := one.get("completeness"):
            yield Text(_complete(labels.get(one["name"], one["name"]), complete), soft=True)
    if quality["alike"]:
        pairs = [
            [" and ".join(labels.get(name, name) for name in one["methods"]), _correlation(one["correlation"])]
            for one in quality["alike"]
        ]
        yield Table(("Maps", "Spearman's correlation"), pairs, caption="How alike the maps of two methods are.")


def verdicts(label: str, found: MapQuality) -> Iterator[str]:
    """What speaks against the maps of a method, each in a sentence."""
    fills = found["removal"]
    weak = [fill for fill, ways in fills.items() if not _is_above(ways["deletion"]["over_random"])]
    if len(weak) == len(fills):
        yield (
            f"{label} is not shown to be better than random maps: as its pixels go the answers are lost no sooner. "
            "Do not read its maps as reasons; try another method of explain.methods, or explain more images."
        )
    elif not any(_is_above(ways[way]["over_edges"]) for ways in fills.values() for way in ways):
        yield f"{label} is not shown to be better than the edges of the images: it may show things and not reasons."
    stages = found.get("random_weights", {}).get("correlations", [])
    last = stages[-1]["value"] if stages else None
    if last is not None and last >= ALIKE:
        yield (
            f"{label} hardly changes when all weights are random (correlation {last:.2f}): "
            "it shows the images more than what was learned."
        )


def _rows(label: str, found: MapQuality) -> Iterator[list[str]]:
    for way, word in WAYS.items():
        for fill, ways in found["removal"].items():
            one = ways[way]
            shares = [_percent(one[key]["value"]) for key in ("own", "random", "edges")]
            yield [label, word, fill, *shares, _points(one["over_random"]), _points(one["over_edges"])]


def _ends(quality: QualityJson) -> str:
    left = {fill: entry["value"] for fill, entry in quality["left"].items()}
    said = " and ".join(f"{_percent(value)} % with {fill}" for fill, value in left.items())
    text = (
        f"Untouched images have {_percent(quality['untouched']['value'])} %; once every pixel has gone, {said} is left."
    )
    much = [fill for fill, value in left.items() if value is not None and value >= LEFT]
    return text + (
        f" With {' and with '.join(much)} little of the answer can be lost, so trust it less." if much else ""
    )


def _complete(label: str, found: CompletenessJson) -> str:
    share = found["complete"]
    return (
        f"{label} adds up to what it explains within {100 * found['tolerance']:g} % for {_percent(share['value'])} % "
        f"[{_percent(share['low'])}, {_percent(share['high'])}] of the images, in at most {found['steps']:,} steps; "
        f"the largest miss is {_percent(found['largest'])} %."
    )


def _random_weights(quality: QualityJson, labels: Mapping[str, str]) -> Table:
    rows = []
    for one in quality["methods"]:
        if stages := one.get("random_weights"):
            way = ", ".join(
                f"{_plain(entry['value'])} from {layer}"
                for layer, entry in zip(stages["layers"], stages["correlations"], strict=True)
            )
            last = _correlation(stages["correlations"][-1]) if stages["correlations"] else MISSING
            rows.append([labels.get(one["name"], one["name"]), last, way])
    caption = (
        "Spearman's correlation of maps with those of a copy whose weights are random, from its last layer to ever "
        "earlier ones: near 0 where a map shows what was learned, near 1 where it only shows the image."
    )
    return Table(("Map", "All random", "On the way"), rows, caption=caption)


def _is_above(entry: IntervalJson) -> bool:
    return entry["low"] is not None and entry["low"] > 0


def _percent(value: float | None) -> str:
    return MISSING if value is None else f"{100 * value:.1f}"


def _points(entry: IntervalJson) -> str:
    value, low, high = (
        MISSING if end is None else f"{100 * end:+.1f}" for end in (entry["value"], entry["low"], entry["high"])
    )
    return f"{value} [{low}, {high}]"


def _plain(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}"


def _correlation(entry: IntervalJson) -> str:
    return f"{_plain(entry['value'])} [{_plain(entry['low'])}, {_plain(entry['high'])}]"
