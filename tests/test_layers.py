"""The house has floors: a file imports only from rooms below its own; within a room, nothing imports in a circle."""

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
FLOORS = (
    {"errors"},
    {"metrics", "machine"},
    {"config"},
    {"run"},
    {"data", "models", "tracking"},
    {"inference", "calibration", "explain", "robustness", "reporting"},
    {"tasks"},
    {"training", "sweep"},
    {"stages"},
    {"commands"},
    {"cli"},
    {"__init__", "__main__"},
)
"""From the ground up. Rooms of one floor do not know each other."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
LOOSE = {"cli", "errors", "__init__", "__main__"}
"""Rooms that are a single file."""
MOST_ROOMS = 22
VERSION = "__version__"
"""All that a file may take from the package itself."""
SOLE_IMPORTERS = {
    "hydra": "cli",
    "omegaconf": "cli",
    "mlflow": "tracking",
    "matplotlib": "reporting",
    "optuna": "sweep",
}
WITHOUT_TORCH = {"errors", "metrics", "config", "run", "tracking", "reporting", "sweep", "commands", "cli", "__init__"}
"""Rooms that help, refusals and reports pass through."""


def room_of(module: str) -> str:
    """`training` of `sightline.training.step`; the package itself is the front door, above everything else."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every module named by an import anywhere in a file, lazy ones and those for types included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import hides where it goes"
            assert node.module
            inside = SRC.joinpath(*node.module.split("."))
            for alias in node.names:
                is_module = (inside / alias.name).is_dir() or (inside / f"{alias.name}.py").is_file()
                of_door = node.module == "sightline" and alias.name != VERSION
                yield node.lineno, f"{node.module}.{alias.name}" if is_module or of_door else node.module
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "sightline" and node.attr[:2] != "__":
            yield node.lineno, f"sightline.{node.attr}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from ((node.lineno, name) for name in computed(node))


def computed(call: ast.Call) -> list[str]:
    """What an import by a computed name may import: all of a room, where the name says which; else it is forbidden."""
    room = None
    match call:
        case ast.Call(args=[ast.JoinedStr(values=[ast.Constant(value=str(prefix)), *_])], keywords=[]):
            room = re.fullmatch(r"sightline\.(\w+)\.", prefix)
    if room is None or not ast.unparse(call.func).endswith("import_module"):
        return ["sightline.cli"]
    return [module for module, _ in modules() if module.startswith(room[0])]


def violations(source: str, module: str) -> list[str]:
    """What a file imports that it may not."""
    room, found = room_of(module), []
    for line, name in imports(ast.parse(source)):
        top = name.split(".")[0]
        if top in SOLE_IMPORTERS and SOLE_IMPORTERS[top] != room:
            found.append(f"{module}:{line} imports {top}, which only {SOLE_IMPORTERS[top]} may")
        if top != "sightline" or name in {"sightline", module}:
            continue
        target = room_of(name) if room_of(name) in FLOOR else "__init__"  # `sightline.load`
        if target != room and FLOOR[target] >= FLOOR[room]:
            found.append(f"{module}:{line} ({room}, floor {FLOOR[room]}) imports {name} (floor {FLOOR[target]})")
    return found


def modules() -> list[tuple[str, Path]]:
    paths = sorted((SRC / "sightline").rglob("*.py"))
    return [(".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"), path) for path in paths]


def circle(graph: Mapping[str, set[str]]) -> str:
    """A circle in who imports whom, `a -> b -> a`; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " -> ".join(reversed(error.args[1]))
    return ""


def graph(depth: int) -> dict[str, set[str]]:
    """Who imports whom among rooms (depth 2), among what lies directly in a room (3), and so on down to files."""
    found: dict[str, set[str]] = {}
    for module, path in modules():
        own = ".".join(module.split(".")[:depth])
        for _, name in imports(ast.parse(path.read_text())):
            other = ".".join(name.split(".")[:depth])
            if other.startswith("sightline.") and other != own:
                found.setdefault(own, set()).add(other)
    return found


def test_every_import_goes_down():
    found = [text for module, path in modules() for text in violations(path.read_text(), module)]
    assert not found, "\n".join(found)


def test_every_room_has_a_floor():
    rooms = {room_of(module) for module, _ in modules()}
    assert rooms == set(FLOOR)


def test_rooms_are_few_and_none_is_a_loose_file():
    inside = {path.stem: path for path in (SRC / "sightline").iterdir() if path.name != "__pycache__"}
    files = {name for name, path in inside.items() if path.suffix == ".py"}
    assert files == LOOSE
    assert sum(path.is_dir() for path in inside.values()) + len(LOOSE) <= MOST_ROOMS


@pytest.mark.parametrize("depth", [2, 3, 4, 9])
def test_nothing_imports_in_a_circle(depth: int):
    """At no depth: neither rooms, nor the folders and files in a room, nor single files."""
    assert not circle(graph(depth))


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) in {"b -> c -> b", "c -> b -> c"}


@pytest.mark.parametrize(
    ("module", "planted"),
    [
        ("sightline.data.dataset", "from sightline.training.step import train_step"),
        ("sightline.data.dataset", "def f():\n    from sightline.models import build"),
        ("sightline.metrics.intervals.bootstrap", "import sightline.run"),
        ("sightline.explain.gradcam", "from sightline.calibration import temperature"),
        ("sightline.explain.gradcam", "from sightline import inference, cli"),
        ("sightline.commands.pipeline", "from sightline import load"),
        ("sightline.commands.pipeline", "import sightline\nmodel = sightline.load('latest')"),
        ("sightline.stages.train", "import matplotlib.pyplot as plt"),
        ("sightline.stages.train", "from mlflow import log_metric"),
        ("sightline.models.build", "from importlib import import_module\nimport_module('sightline.cli')"),
        ("sightline.models.build", "import importlib\nimportlib.import_module(f'sightline.stages.{name}')"),
        ("sightline.commands.pipeline", "import importlib\nimportlib.import_module(f'{name}')"),
        ("sightline.commands.pipeline", "import importlib\nimportlib.import_module(f'sightline.{name}')"),
        ("sightline.commands.pipeline", "import importlib\nimportlib.import_module(f'.stages.{name}', 'sightline')"),
        ("sightline.commands.pipeline", "import importlib\nimportlib.import_module('sightline.stages.' + name)"),
        ("sightline.commands.pipeline", "__import__(f'sightline.stages.{name}')"),
    ],
)
def test_a_planted_import_is_found(module: str, planted: str):
    assert violations(planted, module)


def test_an_import_by_name_counts_as_one_of_the_whole_room():
    source = "from importlib import import_module\nimport_module(f'sightline.stages.{name}')"
    assert not violations(source, "sightline.commands.pipeline")
    assert {"sightline.stages.train", "sightline.stages.report"} <= {name for _, name in imports(ast.parse(source))}


@pytest.mark.parametrize("folder", ["benchmarks", "docs", "examples", "tests"])
def test_what_is_taken_from_the_package_is_there(folder: str):
    taken = {
        (node.module, alias.name)
        for path in (SRC.parent / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sightline"
        for alias in node.names
    }
    missing = [f"{module}.{name}" for module, name in sorted(taken) if not is_there(module, name)]
    assert missing == []


def is_there(module: str, name: str) -> bool:
    try:
        return hasattr(import_module(module), name) or bool(import_module(f"{module}.{name}"))
    except ModuleNotFoundError:
        return False


def test_rooms_on_the_way_to_help_import_no_torch():
    for module, path in modules():
        if room_of(module) not in WITHOUT_TORCH:
            continue
        for node in ast.parse(path.read_text()).body:
            names = [name for _, name in imports(node)] if isinstance(node, ast.Import | ast.ImportFrom) else []
            assert not any(name.split(".")[0] in {"torch", "timm", "mlflow"} for name in names), module
