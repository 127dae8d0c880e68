"""A comparison as tables, sentences and a page."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import sightline
from sightline.reporting.page import environment, pictures_of
from sightline.reporting.tables import MISSING, duration, interval, label, metric, number
from sightline.run.folder import Run

Json = Mapping[str, Any]

SYSTEM_HEADER: Final = ("System", "Rank", "Value", "Seeds", "Seed to seed")
COST_HEADER: Final = (
    "System",
    "Parameters",
    "Trained",
    "Operations",
    "Training",
    "To the same",
    "One image",
    "In batches",
)
MINUS: Final = "\N{MINUS SIGN}"
PAIR_HEADER: Final = ("Pair", "Difference", "p", "p, adjusted", "Verdict", "Method")


def system_rows(found: Json) -> list[list[str]]:
    """One row a system, the best first."""
    rows = []
    for entry, own in _ranked(found):
        rank = f"{entry['rank']}" + (" (tied)" if entry["tied_with"] else "")
        spread = _spread(found["metric"], own["training_sd"])
        rows.append([entry["name"], rank, interval(found["metric"], own), f"{own['seeds']}", spread])
    return rows


def cost_rows(found: Json) -> list[list[str]]:
    """One row a system of which anything is known, the best first."""
    return [
        [
            entry["name"],
            _or_missing(own.get("parameters"), _count),
            _or_missing(own.get("trained_parameters"), _count),
            _or_missing(own.get("flops"), lambda value: f"{value / 1e9:.3g} G"),
            _or_missing(own.get("training_seconds"), duration),
            _or_missing(own.get("seconds_to_target"), duration),
            _or_missing(own.get("latency_ms"), lambda value: f"{value:.1f} ms"),
            _or_missing(own.get("images_per_second"), lambda value: f"{value:,.0f}/s"),
        ]
        for entry, own in _ranked(found)
        if own.get("training_seconds") is not None
    ]


def pair_rows(found: Json) -> list[list[str]]:
    """One row a pair of systems."""
    return [
        [
            f"{pair['a']} {MINUS} {pair['b']}",
            difference(found["metric"], pair),
            p_value(pair["p_value"]),
            p_value(pair["p_adjusted"]),
            _verdict(pair, found),
            pair["method"],
        ]
        for pair in found["pairs"]
    ]


def difference(name: str, pair: Json) -> str:
    """A difference with its interval; of shares in points: `+1.20 points [+0.40, +2.01]`."""
    scale, digits, unit = (100, 2, " points") if metric(name).percent else (1, 4, "")
    value, low, high = (f"{scale * pair[key]:+.{digits}f}" for key in ("difference", "low", "high"))
    return f"{value}{unit} [{low}, {high}]"


def p_value(value: float) -> str:
    """A p-value with as many digits as mean something."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def headline(found: Json) -> str:
    """What the comparison comes to, in a sentence."""
    best = [entry["name"] for entry in found["ranking"] if entry["rank"] == 1]
    name, own = label(found["metric"]), {row["name"]: row for row in found["systems"]}
    value = interval(found["metric"], own[best[0]])
    if len(found["ranking"]) == 1:
        return f"{name} of {best[0]}: {value}."
    if len(best) == 1:
        return f"{best[0]} is best: {name} {value}."
    if len(best) > 3:
        return f"No single winner: {best[0]} leads, and {len(best) - 1} others cannot be told apart from it by {name}."
    return f"No single winner: {', '.join(best[:-1])} and {best[-1]} cannot be told apart by {name}."


def render_comparison(run: Run, title: str | None = None) -> str:
    """Write the page of a comparison from `comparison.json` and its figure.

    Raises:
        RunFailedError: a file is damaged.
    """
    found = run.load_json("comparison.json")
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            title=title or f"Comparison of {len(found['systems'])}: {label(found['metric'])}",
            name=f"{run.path.parent.name}/{run.path.name}",
            time=run.load_json("provenance.json")["time"],
            found=found,
            target=found["target_val_accuracy"],
            headline=headline(found),
            system_header=SYSTEM_HEADER,
            system_rows=system_rows(found),
            cost_header=COST_HEADER,
            cost_rows=cost_rows(found),
            pair_header=PAIR_HEADER,
            pair_rows=pair_rows(found),
            member_rows=_member_rows(found),
            pictures=pictures_of({path.stem: path for path in (run.path / "figures").glob("*.png")})["comparison"],
            version=sightline.__version__,
        )
    )


def _member_rows(found: Json) -> list[list[str]]:
    """Every run behind the numbers, with its own value."""
    return [
        [row["name"], number(found["metric"], value), source]
        for row in found["systems"]
        for value, source in zip(row["values"], row["runs"], strict=True)
    ]


def _ranked(found: Json) -> list[tuple[Json, Json]]:
    """Each entry of the ranking with what is known of its system."""
    own = {row["name"]: row for row in found["systems"]}
    return [(entry, own[entry["name"]]) for entry in found["ranking"]]


def _verdict(pair: Json, found: Json) -> str:
    if pair["p_adjusted"] >= 1 - found["level"]:
        return "not told apart"
    return f"{pair['a'] if (pair['difference'] > 0) != found['lower_is_better'] else pair['b']} is better"


def _spread(name: str, value: float | None) -> str:
    """A standard deviation in the metric's own unit."""
    if value is None:
        return MISSING
    return f"±{100 * value:.2f}" if metric(name).percent else f"±{value:.4f}"


def _count(value: float) -> str:
    return f"{value / 1e6:.2f} M" if value >= 1e5 else f"{value:,.0f}"


def _or_missing(value: float | None, write: Callable[[float], str]) -> str:
    return MISSING if value is None else write(value)
