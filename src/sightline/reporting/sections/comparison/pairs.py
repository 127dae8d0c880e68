"""The systems of a comparison, two at a time."""

from collections.abc import Iterator
from typing import Final

from sightline.metrics.documents.comparison import Comparison, Pair
from sightline.reporting.contents import Contents
from sightline.reporting.formatting import MISSING, metric
from sightline.reporting.sections.blocks import Block, Table
from sightline.reporting.sections.comparison.verdict import COMPARISON, as_trained
from sightline.reporting.sections.section import Section

MINUS: Final = "\N{MINUS SIGN}"
HEADER: Final = ("Pair", "Difference", "All pairs at once", "p", "p, adjusted", "Verdict", "Method")


def pair_table(found: Comparison) -> Table:
    """One row a pair of systems."""
    rows = [
        [
            f"{pair['a']} {MINUS} {pair['b']}",
            difference(found["metric"], pair),
            _limits(found["metric"], pair.get("low_adjusted"), pair.get("high_adjusted")),
            p_value(pair["p_value"]),
            p_value(pair["p_adjusted"]),
            _verdict(pair, found),
            pair["method"],
        ]
        for pair in found["pairs"]
    ]
    return Table(HEADER, rows)


def difference(name: str, pair: Pair) -> str:
    """A difference with its interval; of shares in points: `+1.20 points [+0.40, +2.01]`."""
    unit = " points" if metric(name).percent else ""
    return f"{_signed(name, pair['difference'])}{unit} {_limits(name, pair['low'], pair['high'])}".rstrip()


def _limits(name: str, low: float | None, high: float | None) -> str:
    return MISSING if low is None or high is None else f"[{_signed(name, low)}, {_signed(name, high)}]"


def _signed(name: str, value: float) -> str:
    scale, digits = (100, 2) if metric(name).percent else (1, 4)
    return f"{scale * value:+.{digits}f}"


def p_value(value: float | None) -> str:
    """A p-value with as many digits as mean something; of 0.05 and around it so many that its side can be seen."""
    if value is None:
        return MISSING
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def _verdict(pair: Pair, found: Comparison) -> str:
    if pair["p_adjusted"] is None:
        return f"not judged: {pair.get('reason') or 'undefined'}"
    if pair["p_adjusted"] >= 1 - found["level"]:
        return "not told apart"
    better = pair["a"] if (pair["difference"] > 0) != found["lower_is_better"] else pair["b"]
    return f"{better}, as trained, is better" if as_trained(found, pair["a"], pair["b"]) else f"{better} is better"


def blocks(contents: Contents) -> Iterator[Block]:
    """The table, where there is more than one system."""
    if (found := contents.read(COMPARISON)) and found["pairs"]:
        yield pair_table(found)


SECTION: Final = Section(blocks=blocks)
