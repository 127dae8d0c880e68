"""Every YAML file under conf/ composes and parses; every key is read by the code."""

import re
from functools import cache
from pathlib import Path

import pytest

from sightline import cli
from sightline.config import parse
from sightline.config.groups import FIXED_BY_TRAINING

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in (ROOT / "conf").glob("*/*.yaml") if not path.stem.startswith("_"))
LEARNED = ["model=resnet"]
"""Freezing asks for learned weights, and the plans for enough epochs."""


def overrides_for(path: Path) -> list[str]:
    group, choice = path.parent.name, path.stem
    more = [*LEARNED, "training.epochs=20"] if group == "freezing" else []
    return [*more, f"{group}={choice}"]


def compose(overrides: list[str]) -> dict[str, object]:
    return cli.compose_config(overrides)


@cache
def composed(path: Path) -> dict[str, object]:
    """What a file composes to with the default of everything else; tests only read it."""
    return compose(overrides_for(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_composes_and_parses(path: Path):
    parse.parse(composed(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_head_comment_says_its_command(path: Path):
    lines = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert any(line.startswith("# bash run.sh") for line in lines)
    assert len(lines) >= 2, "and what to expect"


def test_a_stored_configuration_reads_back_the_same(tmp_path: Path):
    today = compose([])
    for path in FILES:
        config = parse.parse(composed(path))
        (tmp_path / "config.yaml").write_text(parse.to_yaml(config))
        assert parse.read(tmp_path / "config.yaml", today) == config


def test_every_key_is_read_somewhere():
    source = "\n".join(
        path.read_text() for path in (ROOT / "src").rglob("*.py") if path.name not in {"schema.py", "parse.py"}
    )
    keys = {key for path in FILES for key in parse.keys(composed(path))}
    groups = {path.parent.name for path in FILES}
    unread = [
        key
        for key in sorted(keys)
        if key not in groups
        and not re.search(rf"\.{re.escape(key.rsplit('.', 1)[-1])}\b", source)
        # What stands there by the key, or the name, of something else is read as a whole.
        and not re.match(r"sweep\.(space|(sampler|pruner)\.options)\.", key)
        # A union is picked by its name; the name itself need not be read again.
        and not (key.endswith(".name") and key.split(".")[0] in parse.UNIONS)
    ]
    assert not unread, f"keys that no code reads: {unread}"


def test_training_fixes_what_it_should():
    content = compose([])
    free = set(content) - set(FIXED_BY_TRAINING)
    assert free == {
        "mode", "run", "predictions", "input", "output", "runs_dir", "device", "seeds", "variants",
        "evaluation", "calibration", "compare", "uncertainty", "robustness", "sweep", "explain", "predict", "drift",
        "export", "report", "tracking",
    }  # fmt: skip
