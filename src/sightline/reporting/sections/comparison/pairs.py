"""The systems of a comparison, two at a time."""

from collections.abc import Iterator
from typing import Final

from sightline.metrics.documents.comparison import Comparison, Pair
from sightline.reporting.contents import Contents
from sightline.reporting.formatting import metric
from sightline.reporting.sections.blocks import Block, Table
from sightline.reporting.sections.comparison.verdict import COMPARISON
from sightline.reporting.sections.section import Section

MINUS: Final = "\N{MINUS SIGN}"
HEADER: Final = ("Pair", "Difference", "p", "p, adjusted", "Verdict", "Method")


def pair_table(found: Comparison) -> Table:
    """One row a pair of systems."""
    rows = [
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
    return Table(HEADER, rows)


def difference(name: str, pair: Pair) -> str:
    """A difference with its interval; of shares in points: `+1.20 points [+0.40, +2.01]`."""
    scale, digits, unit = (100, 2, " points") if metric(name).percent else (1, 4, "")
    ends = (pair["difference"], pair["low"], pair["high"])
    value, low, high = (f"{scale * end:+.{digits}f}" for end in ends)
    return f"{value}{unit} [{low}, {high}]"


def p_value(value: float) -> str:
    """A p-value with as many digits as mean something."""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def _verdict(pair: Pair, found: Comparison) -> str:
    if pair["p_adjusted"] >= 1 - found["level"]:
        return "not told apart"
    return f"{pair['a'] if (pair['difference'] > 0) != found['lower_is_better'] else pair['b']} is better"


def blocks(contents: Contents) -> Iterator[Block]:
    """The table, where there is more than one system."""
    if (found := contents.read(COMPARISON)) and found["pairs"]:
        yield pair_table(found)


SECTION: Final = Section(blocks=blocks)
