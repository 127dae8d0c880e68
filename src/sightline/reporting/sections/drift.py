"""Drift as a table."""

from sightline.metrics.documents.drift import Drift, DriftRow
from sightline.reporting.sections.blocks import Table


def drift_table(found: Drift) -> Table:
    """A row for each statistic, what matters first."""
    header = ["statistic", "run", "new", "distance", "p, corrected", ""]
    return Table(header, [_cells(row, found["permutations"]) for row in found["statistics"]])


def _cells(row: DriftRow, permutations: int) -> list[str]:
    numbers = [f"{row[key]:.3g}" if key in row else "" for key in ("reference", "new")]
    p = "< " * (row["p"] <= 1 / (permutations + 1)) + f"{max(row['p'], 0.001):.3f}"
    return [row["name"], *numbers, f"{row['distance']:.2f}", p, row["words"] if row["drifted"] else ""]
