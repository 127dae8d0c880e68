"""The house has floors: a file imports only from a smaller number, and never from another folder of its own floor."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
FLOORS = {
    "cli": 6,
    "__main__": 6,
    "launch": 6,
    "pipeline": 6,
    "study": 6,
    "sweeping": 6,
    "trial": 6,
    "stages": 5,
    "training": 4,
    "calibration": 4,
    "explain": 4,
    "reporting": 4,
    "sweep": 4,
    "cost": 3,
    "entrants": 3,
    "inference": 3,
    "tasks": 3,
    "data": 2,
    "models": 2,
    "run": 1,
    "runtime": 1,
    "terminal": 1,
    "tracking": 1,
    "distributed": 1,
    "external": 1,
    "memory": 1,
    "metrics": 0,
    "config": 0,
    "container": 0,
    "errors": 0,
    "files": 0,
}
MEETS_ITS_FLOOR = {
    "cli",
    "__main__",
    "launch",
    "pipeline",
    "study",
    "sweeping",
    "trial",
    "run",
    "runtime",
    "terminal",
    "tracking",
    "distributed",
    "memory",
    "metrics",
    "config",
    "errors",
}
"""Rooms that are one file at the root, or hold no more than words: on one floor they may call each other."""
SOLE_IMPORTERS = {
    "hydra": "cli",
    "omegaconf": "cli",
    "mlflow": "tracking",
    "matplotlib": "reporting",
    "optuna": "sweep",
}
WITHOUT_TORCH = {
    *("config", "errors", "metrics", "run", "external", "terminal", "reporting"),
    *("entrants", "cli", "launch", "study", "pipeline", "sweep", "sweeping", "trial"),
}
"""Rooms that help, refusals and reports pass through."""


def room_of(module: str) -> str:
    """`training` of `sightline.training.step`; the package itself is on the ground."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "errors"


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every module named by an import anywhere in a file, lazy ones and those for types included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import hides where it goes"
            assert node.module
            if node.module == "sightline":
                yield from ((node.lineno, f"sightline.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield node.lineno, "sightline.cli"  # nobody may import by a computed name


def violations(source: str, module: str) -> list[str]:
    """What a file imports that it may not."""
    room, found = room_of(module), []
    for line, name in imports(ast.parse(source)):
        top = name.split(".")[0]
        if top in SOLE_IMPORTERS and SOLE_IMPORTERS[top] != room:
            found.append(f"{module}:{line} imports {top}, which only {SOLE_IMPORTERS[top]} may")
        if top != "sightline" or name.startswith("sightline.__"):
            continue
        target = room_of(name)
        if target == room:
            continue
        if FLOORS[target] > FLOORS[room]:
            found.append(f"{module}:{line} ({room}, floor {FLOORS[room]}) imports {name} (floor {FLOORS[target]})")
        if FLOORS[target] == FLOORS[room] and not {room, target} <= MEETS_ITS_FLOOR:
            found.append(f"{module}:{line} imports {name} across floor {FLOORS[room]}")
    return found


def modules() -> list[tuple[str, Path]]:
    paths = sorted((SRC / "sightline").rglob("*.py"))
    return [(".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"), path) for path in paths]


def test_every_import_goes_down():
    found = [text for module, path in modules() for text in violations(path.read_text(), module)]
    assert not found, "\n".join(found)


def test_every_room_has_a_floor():
    rooms = {room_of(module) for module, _ in modules() if module != "sightline"}
    assert rooms == set(FLOORS)


@pytest.mark.parametrize(
    ("module", "planted"),
    [
        ("sightline.data.store", "from sightline.training.step import train_step"),
        ("sightline.data.store", "def f():\n    from sightline.models import build"),
        ("sightline.metrics.bootstrap", "import sightline.run"),
        ("sightline.explain.gradcam", "from sightline.calibration import temperature"),
        ("sightline.explain.gradcam", "from sightline import inference, cli"),
        ("sightline.stages.train", "import matplotlib.pyplot as plt"),
        ("sightline.stages.train", "from mlflow import log_metric"),
        ("sightline.models.build", "from importlib import import_module\nimport_module('sightline.cli')"),
    ],
)
def test_a_planted_import_is_found(module: str, planted: str):
    assert violations(planted, module)


def test_rooms_on_the_way_to_help_import_no_torch():
    for module, path in modules():
        if room_of(module) not in WITHOUT_TORCH:
            continue
        for node in ast.parse(path.read_text()).body:
            names = [name for _, name in imports(node)] if isinstance(node, ast.Import | ast.ImportFrom) else []
            assert not any(name.split(".")[0] in {"torch", "timm", "mlflow"} for name in names), module
