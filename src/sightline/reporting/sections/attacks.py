"""What is left of a classifier under attack, and whether the numbers can be trusted."""

from collections.abc import Iterator

from sightline.metrics.documents.attacks import Attacks, RobustShares
from sightline.metrics.documents.interval import IntervalJson
from sightline.reporting.formatting import MISSING, interval
from sightline.reporting.sections.blocks import Alert, Block, Heading, Table, Text

NORMS = {"linf": "no value changes by more than", "l2": "all changes together have a length of at most"}


def attack_blocks(found: Attacks) -> Iterator[Block]:
    """Budget, robust accuracy under each attack and all of them, and the checks."""
    yield Heading("Attacks")
    yield Text(about_attacks(found))
    yield attack_table(found)
    yield check_table(found)


def distrust(found: Attacks) -> Iterator[Alert]:
    """What makes every number of the stage untrusted."""
    failed = [check["seen"] for check in found["checks"] if not check["holds"]]
    if failed:
        yield Alert(f"No number here can be trusted: checks of the attacks failed. {'; '.join(failed)}.")


def about_attacks(found: Attacks) -> str:
    """On what, how far, and what robust means."""
    budget = f"{NORMS[found['norm']]} {found['budget']:g}/255"
    # Who writes .03 for 8/255 gets robust accuracies near those without an attack.
    small = (
        " That is less than one step of a pixel: budgets count in 255ths, and 8 is 8/255."
        if found["budget"] < 1
        else ""
    )
    return (
        f"{found['n']:,} images, of which {found['right']:,} are right as they are, attacked so that {budget}; "
        f"seed {found['seed']}.{small} An image is robust where no attack makes the answer wrong; stronger ones may."
    )


def attack_table(found: Attacks) -> Table:
    """Random noise of the same size, one row an attack, its effort beside it, and the worst case of each image."""
    clean = _accuracy(found["accuracy"])
    rows = [["none", "", clean, ""]]
    rows += [[one["label"], "", *map(_accuracy, (one["accuracy"], one["of_right"]))] for one in found.get("noise", [])]
    for one in found["attacks"]:
        effort = ", ".join(f"{name} {count:,}" for name, count in one["effort"].items())
        rows.append([one["label"], effort, *_shares(one["robust"])])
    rows.append(["all, worst for each image", "", *_shares(found["worst"])])
    return Table(["Attack", "Effort", "Right, of all images", "Right, of those right without"], rows)


def check_table(found: Attacks) -> Table:
    """Every check and what it saw."""
    rows = [
        [one["name"].replace("_", " "), "holds" if one["holds"] else "FAILED", one["seen"]] for one in found["checks"]
    ]
    return Table(["Check", "", "What was seen"], rows, on="page", folded="Checks of the attacks")


def _shares(found: RobustShares) -> list[str]:
    return [_accuracy(found["of_all"]), _accuracy(found["of_right"])]


def _accuracy(entry: IntervalJson) -> str:
    return MISSING if entry["value"] is None else interval("accuracy", entry)
