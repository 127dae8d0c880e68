"""What `--help` prints: the words, the modes and the choices of each group."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def help_text(modes_dir: Path, groups: Mapping[str, Sequence[str]]) -> str:
    """What `--help` prints.

    Args:
        modes_dir: the folder of the files of modes, whose heads say what they do.
        groups: every group and its choices.
    """
    head = [
        "bash run.sh [EPOCHS] [MODEL] [MODE] [DIR] [key=value ...]",
        "bash run.sh MODE [key=value ...]",
        "",
        "Trains, measures, calibrates, explains and reports image models; every number has an interval.",
        "",
        "modes",
    ]
    modes = [f"  {mode:<12}{_summary(modes_dir / f'{mode}.yaml')}" for mode in groups["mode"]]
    modes.append(f"  {'setup':<12}Installs what is missing, and ends.")
    modes.append(f"  {'test':<12}The project's own tests.")
    others = [f"  {group:<12}{', '.join(names)}" for group, names in groups.items() if group != "mode"]
    tail = ["", "--cfg job prints the whole configuration; every key in it can be given as key=value."]
    return "\n".join([*head, *modes, "", "groups and their choices (group=choice)", *others, *tail])


def _summary(path: Path) -> str:
    """The sentence of a file's head comment that says what it does."""
    lines = [line[2:].strip() for line in path.read_text().splitlines() if line.startswith("# ")]
    return next(line for line in lines if not line.startswith(("bash run.sh", "@package")))
