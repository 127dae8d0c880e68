"""The best of a sweep, trained anew with fresh seeds."""

from collections.abc import Iterator
from typing import Final

from sightline.metrics.documents.comparison import Pair
from sightline.metrics.documents.sweep import Study
from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.formatting import MISSING, monitor_difference, monitor_name, monitor_value
from sightline.reporting.sections.blocks import Block, Headline, Link, Table, Text
from sightline.reporting.sections.comparison.pairs import difference, p_value
from sightline.reporting.sections.section import Section

SWEEP: Final = JsonFile[Study]("sweep.json")
HEADER: Final = ("Configuration", "In the search", "Fresh seeds", "Mean", "Seed to seed", "Gap")


def title(contents: Contents) -> str:
    """By the name of the sweep."""
    found = contents.read(SWEEP)
    return f"Sweep {found['name']}" if found else ""


def headline(found: Study) -> str:
    """What the sweep comes to, in a few sentences."""
    return " ".join([_best(found), *_gain(found), *_luck(found)])


def _best(found: Study) -> str:
    metric, first = found["metric"], found["again"][0]
    reached, seen = monitor_value(metric, first["mean"]), monitor_value(metric, first["in_search"])
    name = first["name"][0].upper() + first["name"][1:]
    among = f"the best of {len(found['again'])}" if len(found["again"]) > 1 else "best"
    return f"{name} is {among} with fresh seeds: {monitor_name(metric)} {reached}; the search saw {seen}."


def _gain(found: Study) -> list[str]:
    """What the search brought over the configuration as it was."""
    metric, again = found["metric"], found["again"]
    own = next((row for row in again if row["trial"] == found["as_configured"]), None)
    if own is None:
        return []
    if own is again[0]:
        return ["That is the configuration as it was: the search found nothing better."]
    reached = monitor_value(metric, own["mean"])
    if pair := found.get("gain"):
        gain = _with_limits(metric, pair)
    else:
        gain = monitor_difference(metric, (again[0]["mean"] - own["mean"]) * _sign(found))
    return [f"The configuration as it was reaches {reached}: {gain}.", *_on_test(found)]


def _on_test(found: Study) -> list[str]:
    """The winner against the configuration as it was, where nothing was chosen."""
    if not (test := found.get("test")):
        return []
    pair = test["pair"]
    if pair["p_value"] is None:
        return [f"On the test split the two are not judged: {pair.get('reason')}."]
    turned = difference(test["metric"], pair)
    p = p_value(pair["p_value"])
    said = "the two are told apart" if pair["p_value"] < 1 - test["level"] else "the two cannot be told apart"
    return [f"On the test split, read once for this: {turned}, p {p if p[0] == '<' else f'= {p}'}; {said}."]


def _sign(found: Study) -> int:
    """1 where more is better."""
    return -1 if found["direction"] == "minimize" else 1


def _with_limits(metric: str, pair: Pair) -> str:
    """A difference with its limits, more being better."""
    value = monitor_difference(metric, pair["difference"])
    if pair["low"] is None or pair["high"] is None:
        return value
    low, high = (monitor_difference(metric, end).removesuffix(" points") for end in (pair["low"], pair["high"]))
    return f"{value} [{low}, {high}]"


def _luck(found: Study) -> list[str]:
    """How much of the best trial's value was luck."""
    top = next((row for row in found["again"] if row["trial"] == found["best"]), None)
    if top is None:
        return []
    size = monitor_difference(found["metric"], abs(top["gap"]), sign="")
    pair = top.get("gap_limits")
    unsure = ""
    if pair and pair["low"] is not None and pair["high"] is not None and pair["low"] <= 0 <= pair["high"]:
        unsure = f", which may be chance: {_with_limits(found['metric'], pair)}"
    if top["gap"] > 0:
        return [f"The best trial looked better than fresh seeds find it: {size} of luck{unsure}."]
    return [f"The best trial looked {size} worse than fresh seeds find it{unsure}."]


def retrained_table(found: Study) -> Table:
    """Those trained anew, the best first."""
    metric = found["metric"]
    rows = [
        [
            row["name"],
            monitor_value(metric, row["in_search"]),
            ", ".join(monitor_value(metric, one["value"]) for one in row["fresh"]),
            monitor_value(metric, row["mean"]),
            MISSING if row["sd"] is None else "±" + monitor_difference(metric, row["sd"], sign=""),
            _with_limits(metric, pair) if (pair := row.get("gap_limits")) else monitor_difference(metric, row["gap"]),
        ]
        for row in found["again"]
    ]
    return Table(HEADER, rows)


def verdict(contents: Contents) -> Iterator[Block]:
    """The headline."""
    if found := contents.read(SWEEP):
        yield Headline(headline(found))


def blocks(contents: Contents) -> Iterator[Block]:
    """The table, and where the winner is."""
    if found := contents.read(SWEEP):
        yield Text(
            "The best of a search looks better than it is, since luck helped to choose it. So the best configurations, "
            "and the one that was there before, are trained anew with seeds that no trial used. Gap: what the search "
            "saw, less what fresh seeds reach. All on val, each at its best epoch, with limits that hold the luck of "
            "seeds and that of images, but not that the winner was chosen there: so it is also compared with the "
            "configuration as it was on the test split, which no trial read.",
            soft=True,
        )
        yield retrained_table(found)
        report = Link(f"{found['again'][0]['fresh'][0]['run']}/report.html")
        yield Text(("The winner, measured on the test split, calibrated and explained: ", report))


VERDICT: Final = Section(blocks=verdict)
SECTION: Final = Section(blocks=blocks)
