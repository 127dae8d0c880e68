"""docs/explanations.md: the methods and what each costs, and which of them a family of networks takes."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

GENERATOR = Path(__file__).parents[2] / "docs" / "explanations.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("explanations", GENERATOR)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows_of(generator: ModuleType) -> list[str]:
    page, head = generator.PAGE.read_text(), generator.head()
    assert page.startswith(head)
    rows: list[str] = page.removeprefix(head).splitlines()
    return rows


def test_the_page_lists_what_the_generator_does(generator: ModuleType):
    assert tuple(row.split("`")[1] for row in rows_of(generator)) == generator.FAMILIES


def test_enough_families_take_the_methods(generator: ModuleType):
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows_of(generator)]
    assert sum(cell[1].startswith("yes") and cell[2] == "yes" for cell in cells) >= 40
    assert sum(cell[3] == "yes" for cell in cells) >= 20


@pytest.mark.parametrize("name", ["mobilenetv3_small_100", "vit_tiny_patch16_224", "edgenext_xx_small"])
@pytest.mark.slow
def test_a_row_is_what_the_generator_writes(generator: ModuleType, name: str):
    assert generator.row(name) in rows_of(generator)
