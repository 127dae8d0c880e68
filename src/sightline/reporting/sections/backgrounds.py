"""How much the answer to an object owes to the ground around it."""

from collections.abc import Iterator

from sightline.metrics.documents.robustness import Backgrounds
from sightline.reporting.formatting import interval, signed
from sightline.reporting.sections.blocks import Block, Heading, Table, Text

METRIC = "accuracy"


def background_blocks(found: Backgrounds) -> Iterator[Block]:
    """Accuracy on each kind of ground, and what the ground is worth."""
    yield Heading("Other backgrounds")
    yield Text(about_backgrounds(found))
    yield background_table(found)


def about_backgrounds(found: Backgrounds) -> str:
    """What is pasted where, and the gap."""
    return (
        f"{found['n']:,} objects, cut out along their masks, on the ground of another image; seed {found['seed']}. On "
        f"ground of their class less on that of another: {signed(METRIC, found['gap'])} points of accuracy, which the "
        "model owes to grounds that go with a class."
    )


def background_table(found: Backgrounds) -> Table:
    """Accuracy of the same objects, one row a kind of ground."""
    rows = [
        ["its own, the image as it is", interval(METRIC, found["original"])],
        ["of another image of its class", interval(METRIC, found["same"])],
        ["of an image of another class", interval(METRIC, found["rand"])],
    ]
    return Table(["Ground", "Accuracy"], rows)
