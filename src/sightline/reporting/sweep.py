"""A sweep as tables, sentences and a page."""

from collections.abc import Mapping
from typing import Any, Final

import sightline
from sightline.metrics.catalogue import monitored
from sightline.reporting.page import environment, pictures_of
from sightline.reporting.tables import MISSING, duration
from sightline.run.folder import Run

Json = Mapping[str, Any]

AGAIN_HEADER: Final = ("Configuration", "In the search", "Fresh seeds", "Mean", "Seed to seed", "Gap")
TRIAL_HEADER: Final = ("Trial", "End", "Value", "Epochs", "Time")
BREAK: Final = "\N{ZERO WIDTH SPACE}"
"""Where a long key may go on in the next line."""


def metric_name(metric: str) -> str:
    """What a metric is called: `accuracy on val`."""
    found = monitored(metric)
    return f"{found.short or found.label} on val"


def value(metric: str, number: float | None) -> str:
    """A value; of shares in percent."""
    if number is None:
        return MISSING
    return f"{100 * number:.2f} %" if monitored(metric).percent else f"{number:.4f}"


def difference(metric: str, number: float | None, *, sign: str = "+") -> str:
    """A difference; of shares in points."""
    if number is None:
        return MISSING
    return f"{100 * number:{sign}.2f} points" if monitored(metric).percent else f"{number:{sign}.4f}"


def headline(found: Json) -> str:
    """What the sweep comes to, in a few sentences."""
    metric, again = found["metric"], found["again"]
    first = again[0]
    reached, seen = value(metric, first["mean"]), value(metric, first["in_search"])
    name = str(first["name"])
    words = [
        f"{name[0].upper()}{name[1:]} is best with fresh seeds: {metric_name(metric)} {reached}; the search saw {seen}."
    ]
    own = next((row for row in again if row["trial"] == found["as_configured"]), None)
    if own is not None and own is not first:
        gain = (first["mean"] - own["mean"]) * (-1 if found["direction"] == "minimize" else 1)
        words.append(f"The configuration as it was reaches {value(metric, own['mean'])}: {difference(metric, gain)}.")
    elif own is first:
        words.append("That is the configuration as it was: the search found nothing better.")
    top = next((row for row in again if row["trial"] == found["best"]), None)
    if top is not None:
        size = difference(metric, abs(top["gap"]), sign="")
        curse = (
            f"better than fresh seeds find it: {size} of luck"
            if top["gap"] > 0
            else f"{size} worse than fresh seeds find it"
        )
        words.append(f"The best trial looked {curse}.")
    return " ".join(words)


def again_rows(found: Json) -> list[list[str]]:
    """Those trained anew, the best first."""
    metric = found["metric"]
    return [
        [
            row["name"],
            value(metric, row["in_search"]),
            ", ".join(value(metric, one["value"]) for one in row["fresh"]),
            value(metric, row["mean"]),
            MISSING if row["sd"] is None else "±" + difference(metric, row["sd"], sign=""),
            difference(metric, row["gap"]),
        ]
        for row in found["again"]
    ]


def epochs_saved(found: Json) -> tuple[int, int]:
    """Epochs that were trained, and those that pruning spared."""
    ended = [row for row in found["trials"] if row["state"] in {"complete", "pruned"}]
    longest = max((len(row["curve"]) for row in ended if row["state"] == "complete"), default=0)
    trained = sum(len(row["curve"]) for row in ended)
    spared = sum(longest - len(row["curve"]) for row in ended if row["state"] == "pruned")
    return trained, spared


def trial_rows(found: Json) -> list[list[str]]:
    """Every trial, the best first, then those without a value."""
    metric, sign = found["metric"], -1 if found["direction"] == "maximize" else 1
    keys = sorted({key for row in found["trials"] for key in row["values"]}, key=list(_keys(found)).index)
    ranked = sorted(found["trials"], key=lambda row: (row["value"] is None, sign * (row["value"] or 0), row["number"]))
    return [
        [
            f"{row['number']}" + (" (as configured)" if row["number"] == found["as_configured"] else ""),
            row["state"] + (f": {row['reason'].splitlines()[0]}" if row["state"] == "failed" and row["reason"] else ""),
            value(metric, row["value"]),
            f"{len(row['curve'])}",
            MISSING if row["seconds"] is None else duration(row["seconds"]),
            *(written(row["values"].get(key)) for key in keys),
        ]
        for row in ranked
    ]


def trial_header(found: Json) -> list[str]:
    """Of `trial_rows`."""
    used = {key for row in found["trials"] for key in row["values"]}
    return [*TRIAL_HEADER, *(key.replace(".", f".{BREAK}") for key in _keys(found) if key in used)]


def written(one: object) -> str:
    """A value of a dimension, short."""
    return MISSING if one is None else f"{one:.3g}" if isinstance(one, float) else str(one)


def _keys(found: Json) -> dict[str, None]:
    """The keys of the space in their order."""
    return dict.fromkeys(name.split(" (")[0] for name in found["space"])


def render_sweep(run: Run, title: str | None = None) -> str:
    """Write the page of a sweep from `sweep.json` and its figures.

    Raises:
        RunFailedError: a file is damaged.
    """
    found = run.load_json("sweep.json")
    pictures = pictures_of({path.stem: path for path in (run.path / "figures").glob("*.png")})["sweep"]
    trained, spared = epochs_saved(found)
    states = [row["state"] for row in found["trials"]]
    return (
        environment()
        .get_template("sweep.html.j2")
        .render(
            title=title or f"Sweep {found['name']}",
            name=f"{run.path.parent.name}/{run.path.name}",
            time=run.load_json("provenance.json")["time"],
            found=found,
            headline=headline(found),
            counts={state: states.count(state) for state in ("complete", "pruned", "failed")},
            trained=trained,
            spared=spared,
            winner=found["again"][0],
            again_header=AGAIN_HEADER,
            again_rows=again_rows(found),
            trial_header=trial_header(found),
            trial_rows=trial_rows(found),
            space_rows=list(found["space"].items()),
            best=(run.path / "best.yaml").read_text(),
            pictures=pictures,
            version=sightline.__version__,
        )
    )
