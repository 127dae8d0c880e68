"""The numbers of a run as points of curves, named as the server shows them."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

if TYPE_CHECKING:
    from sightline.metrics.documents.calibration import Calibration
    from sightline.metrics.documents.evaluation import Evaluation
    from sightline.metrics.documents.interval import IntervalJson
    from sightline.run.records import ExplainFile, MetricsRow


class Point(NamedTuple):
    """One value of a curve: name, value, milliseconds since 1970, step."""

    name: str
    value: float
    time: int
    step: int


def points_of_rows(rows: Iterable["MetricsRow"]) -> Iterator[Point]:
    """The numbers of rows: those of epochs by epoch, those of steps by step and under `step/`."""
    now = _milliseconds()
    for row in rows:
        prefix, step = ("", row["epoch"]) if row["kind"] == "epoch" else ("step/", row["step"])
        for name, value in row.items():
            if name not in {"kind", "epoch", "step"} and isinstance(value, int | float):
                yield Point(prefix + name, float(value), now, int(step))


def points_of_evaluation(content: "Evaluation") -> Iterator[Point]:
    """Every metric of `evaluation.json` with the ends of its interval, under its split."""
    yield from _with_ends(content["split"], content["metrics"])


def points_of_calibration(content: "Calibration") -> Iterator[Point]:
    """The temperature of `calibration.json` and every metric before and after it, with the ends of their intervals.

    Of a model of several targets those of each, under its name.
    """
    targets = {name: part for name, part in content.items() if isinstance(part, Mapping) and "before" in part}
    if targets and "temperature" not in content:
        for name, part in targets.items():
            yield from (point._replace(name=_under(name, point.name)) for point in _of_one(cast("Calibration", part)))
    else:
        yield from _of_one(content)


def points_of_explanation(content: "ExplainFile") -> Iterator[Point]:
    """How good the maps of each method are, and where they lie, with the ends of intervals, under `explain/`."""
    yield from _of_summary(content)
    for method in content.get("quality", {}).get("methods", ()):
        numbers: dict[str, IntervalJson] = {
            f"{way}_{fill}_over_{rival}": found["over_random" if rival == "random" else "over_edges"]
            for fill, ways in method["removal"].items()
            for way, found in ways.items()
            for rival in ("random", "edges")
        }
        if correlations := method.get("random_weights", {}).get("correlations"):
            numbers["random_weights"] = correlations[-1]
        if completeness := method.get("completeness"):
            numbers["complete"] = completeness["complete"]
        yield from _with_ends(f"explain/{method['name']}", numbers)


def _of_summary(content: "ExplainFile") -> Iterator[Point]:
    """Of all classes together: the share of each place, how much lies on objects; and how many alarms there are."""
    summary = content.get("summary")
    if summary is None:
        return
    every = next(one for one in summary["classes"] if one["label"] is None)
    yield from _with_ends("explain/places", {one["place"].replace(" ", "_"): one["share"] for one in every["places"]})
    if objects := summary.get("objects"):
        numbers = {"pointing": objects["pointing"], "energy": objects["energy"]}
        yield from _with_ends("explain/objects", numbers)
    yield Point("explain/alarms", float(len(summary["alarms"])), _milliseconds(), 0)


def _under(target: str, name: str) -> str:
    return name.replace("calibration/", f"calibration/{target}/", 1)


def _of_one(content: "Calibration") -> Iterator[Point]:
    """Of one target."""
    if fit := content.get("temperature_fit"):
        yield from _with_ends("calibration", {"temperature": fit})
    else:
        yield Point("calibration/temperature", float(content["temperature"]), _milliseconds(), 0)
    yield from _with_ends("calibration/before", content["before"])
    yield from _with_ends("calibration/after", content["after"])


RESULTS: Final[Mapping[str, Callable[[Any], Iterator[Point]]]] = {
    "evaluation.json": points_of_evaluation,
    "calibration.json": points_of_calibration,
    "explain/explain.json": points_of_explanation,
}
"""Files whose numbers are sent beside the file itself."""


def _with_ends(group: str, metrics: Mapping[str, "IntervalJson"]) -> Iterator[Point]:
    now = _milliseconds()
    for name, entry in metrics.items():
        ends = ((entry["value"], ""), (entry.get("low"), "_low"), (entry.get("high"), "_high"))
        for value, suffix in ends:
            if value is not None:
                yield Point(f"{group}/{name}{suffix}", float(value), now, 0)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
