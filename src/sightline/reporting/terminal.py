"""Tables of the report on the terminal."""

from sightline.machine.terminal import show_table
from sightline.reporting.sections.blocks import Cell, Table


def show(title: str, table: Table) -> None:
    """Log a table, its columns aligned."""
    rows = [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in table.rows]
    show_table(title, table.header, rows)
