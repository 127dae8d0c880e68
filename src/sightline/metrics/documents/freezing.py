"""The content of `freezing.json`: a list with an entry for each layer group, the stem first."""

from typing import TypedDict


class FreezingRow(TypedDict):
    """A layer group: its share of the learning rate, and the first epoch in which it trains (null: never)."""

    group: str
    modules: list[str]
    parameters: int
    rate: float
    from_epoch: int | None
