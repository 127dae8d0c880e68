"""Where maps lie over many images, in words and numbers."""

from collections.abc import Iterator
from typing import Final

from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.documents.map_summary import AlarmJson, ClassPlaces, MapSummaryJson
from sightline.reporting.sections.blocks import Alert, Block, Table, Text

MOST_ROWS: Final = 40
"""Classes in the table; those of an alarm come first, then those with the largest share outside the centre."""


def summary_blocks(summary: MapSummaryJson) -> Iterator[Block]:
    """Alarms, shares by class, and how much lies on objects."""
    for alarm in summary["alarms"]:
        yield Alert(alarm_text(alarm))
    every, *classes = summary["classes"]
    alarmed = {alarm["label"] for alarm in summary["alarms"]}
    order = sorted(classes, key=lambda one: (one["label"] not in alarmed, -_most_suspect(one)))
    header = ["", "images", *(f"{place['place']} %" for place in every["places"])]
    rows = [_row(one) for one in (every, *order[:MOST_ROWS])]
    rows.append(["to be expected", "", *(f"{100 * place['expected']:.0f}" for place in every["places"])])
    yield Table(header, rows, caption=_caption(summary, len(order) - MOST_ROWS))
    if objects := summary.get("objects"):
        yield Text(
            f"On {objects['images']:,} images that hold the class explained, the highest value of the map lies on it "
            f"in {_share(objects['pointing'])} (pointing game), and {_share(objects['energy'])} of the mass does; "
            f"the class covers {objects['area']:.0%} of them."
        )
    if not summary["alarms"]:
        yield Text(
            "Neither the model as a whole nor any class that was tested looks at the border or at one corner so much "
            "more than expected. That is no proof that it looks at the objects.",
            soft=True,
            on="page",
        )


def alarm_text(alarm: AlarmJson) -> str:
    """What was found where, and what to do."""
    whose = "all maps" if alarm["label"] is None else f"the maps for {alarm['label']}"
    where = "at the border" if alarm["place"] == "border" else f"in the {alarm['place']} corner"
    return (
        f"{alarm['share']:.0%} of the mass of {whose} lies {where}, where {alarm['expected']:.0%} was to be expected "
        f"({alarm['images']:,} images). Look there for a watermark, a frame or text that gives the class away."
    )


def _caption(summary: MapSummaryJson, left: int) -> str:
    said = (
        f"Where the maps lie: mean share of their mass, of {summary['images']:,} of {summary['of']:,} images of "
        f"{summary['split']}, by the class answered. A corner and the centre are a ninth of the image each; "
        "the border is an eighth of it wide. To be expected: the same of an untrained network, or "
        "of an even map where that is more. "
        f"A warning stands for {summary['margin']:.0%} of the mass more than that, and than other classes have, in "
        "most images, with one chance in twenty of any false one, classes and places together."
    )
    if summary["empty"]:
        said += f" {summary['empty']:,} maps were empty and are left out."
    if summary["untested"]:
        counted = "1 class has" if summary["untested"] == 1 else f"{summary['untested']:,} classes have"
        said += f" {counted} too few images here for a test."
    return said + (f" {left:,} more classes are in explain.json." if left > 0 else "")


def _row(one: ClassPlaces) -> list[str]:
    shares = [f"{100 * (place['share']['value'] or 0):.0f}" for place in one["places"]]
    return ["all" if one["label"] is None else one["label"], f"{one['images']:,}", *shares]


def _most_suspect(one: ClassPlaces) -> float:
    """The largest share over what is expected, the centre left out."""
    return max(
        (place["share"]["value"] or 0) - place["expected"] for place in one["places"] if place["place"] != "centre"
    )


def _share(interval: IntervalJson) -> str:
    value, low, high = (100 * (one or 0) for one in (interval["value"], interval["low"], interval["high"]))
    return f"{value:.0f} % ({low:.0f} to {high:.0f})"
