"""docs/configuration.md is what its generator writes, explains every key, and agrees with what Hydra composes."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from sightline import cli
from sightline.config.flatten import flatten

GENERATOR = Path(__file__).parents[1] / "docs" / "configuration.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("configuration", GENERATOR)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_generator_writes(generator: ModuleType):
    current = generator.PAGE.read_text() if generator.PAGE.exists() else ""
    assert current == generator.page(), "docs/configuration.md is out of date: bash run.sh docs/configuration.py"


def test_every_key_has_a_meaning(generator: ModuleType):
    unexplained = [
        key
        for group in generator.groups()
        for key, default, _, meaning in generator.rows(group)
        if default and not meaning
    ]
    assert not unexplained, f"no comment beside them in conf/: {', '.join(unexplained)}"


def test_every_group_and_choice_is_there(generator: ModuleType):
    listed = {group.name: sorted(choice.name for choice in group.choices) for group in generator.groups()}
    assert listed.pop("") == ["config"]
    assert listed == cli.choices()


@pytest.mark.parametrize("group", [group for group in cli.choices() if group not in {"rates", "recipe", "debug"}])
def test_defaults_are_what_hydra_composes(group: str, generator: ModuleType):
    known = {one.name: one for one in generator.groups()}
    # timm has no file in conf/rates/, which would set another rate than the optimizer's own.
    others = [] if group == "model" else ["model=timm"]
    for choice in known[group].choices:
        composed = cli.compose_config([*others, f"{group}={choice.name}"])[group]
        shown = {name: yaml.safe_load(key.default) for name, key in choice.keys.items() if key.default is not None}
        if shown.get("sweep.metric") == "auto":
            shown["sweep.metric"] = "val_accuracy"  # of a model of labels
        assert flatten(shown) == flatten(composed, f"{group}."), choice.name


def test_top_level_defaults_are_what_hydra_composes(generator: ModuleType):
    composed = cli.compose_config([])
    keys = next(generator.groups()).choices[0].keys
    stands = {name: yaml.safe_load(key.default) for name, key in keys.items()}
    assert stands | {"fit": "crop"} == {name: composed[name] for name in keys}, "fit=auto is crop for cnn"
    assert set(composed) - set(keys) <= set(cli.choices())


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 8, "multipleOf": 8}, "int ≥ 8, multiple of 8"),
        ({"type": "number", "minimum": 0.0, "exclusiveMaximum": 1.0}, "float in [0, 1)"),
        ({"type": "number", "exclusiveMinimum": 0.0}, "float > 0"),
        ({"type": "number", "maximum": 0.5}, "float ≤ 0.5"),
        ({"enum": ["auto", "cpu"], "type": "string"}, "one of `auto`, `cpu`"),
        ({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, "int ≥ 1 or null"),
        ({"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1}, "non-empty list of any of `a`, `b`"),
        ({"type": "array", "prefixItems": [{"type": "number"}] * 2}, "list of 2: float"),
        ({"type": "boolean"}, "bool"),
    ],
)
def test_types_are_words(schema: dict[str, object], words: str, generator: ModuleType):
    assert generator.in_words(schema) == words
