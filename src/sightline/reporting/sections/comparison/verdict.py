"""What a comparison comes to."""

from collections.abc import Iterator
from typing import Final

from sightline.metrics.documents.comparison import Comparison
from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.formatting import interval, label
from sightline.reporting.sections.blocks import Block, Headline
from sightline.reporting.sections.section import FigureKind, Section

COMPARISON: Final = JsonFile[Comparison]("comparison.json")


def title(contents: Contents) -> str:
    """How many systems, by which metric."""
    found = contents.read(COMPARISON)
    return f"Comparison of {len(found['systems'])}: {label(found['metric'])}" if found else ""


def as_trained(found: Comparison, *names: str) -> bool:
    """Whether what is said of these systems is about trained models: one has a single seed, or seeds are unequal."""
    seeds = {row["seeds"] for row in found["systems"] if not names or row["name"] in names}
    return len(seeds) > 1 or min(seeds) == 1


def headline(found: Comparison) -> str:
    """What the comparison comes to, in a sentence."""
    best = [entry["name"] for entry in found["ranking"] if entry["rank"] == 1]
    name, own = label(found["metric"]), {row["name"]: row for row in found["systems"]}
    value = interval(found["metric"], own[best[0]])
    if len(found["ranking"]) == 1:
        return f"{name} of {best[0]}: {value}."
    if len(best) == 1:
        return f"{_winner(found, best[0], own[best[0]]['seeds'])}: {name} {value}."
    if len(best) > 3:
        return f"No single winner: {best[0]} leads, and {len(best) - 1} others cannot be told apart from it by {name}."
    return f"No single winner: {', '.join(best[:-1])} and {best[-1]} cannot be told apart by {name}."


def _winner(found: Comparison, name: str, seeds: int) -> str:
    """Who is best: a way of training, or what was trained."""
    if not as_trained(found):
        return f"{name} is best"
    return f"This trained model of {name} is best" if seeds == 1 else f"The trained models of {name} are best"


def blocks(contents: Contents) -> Iterator[Block]:
    """The headline."""
    if found := contents.read(COMPARISON):
        yield Headline(headline(found))


SECTION: Final = Section(
    blocks=blocks,
    figures=(
        FigureKind(
            "comparison",
            "Systems and differences",
            "Above, each system with its interval, a stroke for each seed; below, how far each pair differs.",
        ),
    ),
)
