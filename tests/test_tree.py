"""The tests lie where a stranger looks for them: `unit/` mirrors `src/`, every stage has a file, every file a job."""

import re
from pathlib import Path

import pytest

from sightline.config.stages import STAGES
from tests.conftest import LONG

ROOT = Path(__file__).parents[1]
MIRRORED = {"benchmarks": ROOT / "benchmarks"}
"""Rooms of `tests/unit` that do not mirror a room of `src/sightline`."""


def subjects(test: Path) -> list[Path]:
    """The modules that `unit/room/test_name.py` can be about: `room/name.py`, or `room/na.py` of which it tests a part.

    Of `test_transform_masks.py` that is `transform_masks.py`, else `transform.py`. A folder does as a module does, so
    `test_bootstrap.py` may be about `bootstrap/`.
    """
    room = test.parent.relative_to(ROOT / "tests/unit")
    folder = MIRRORED.get(str(room), ROOT / "src/sightline" / room)
    words = test.stem.removeprefix("test_").split("_")
    names = ["_".join(words[:end]) for end in range(len(words), 0, -1)]
    return [path for name in names for path in (folder / f"{name}.py", folder / name) if path.exists()]


TESTS = sorted((ROOT / "tests/unit").rglob("test_*.py"))


@pytest.mark.parametrize("test", TESTS, ids=lambda test: str(test.relative_to(ROOT / "tests/unit")))
def test_a_unit_test_lies_where_its_module_does(test: Path):
    assert subjects(test), f"{test.relative_to(ROOT)} names no module of src/sightline beside which it would lie"


def test_every_stage_is_run_on_a_few_images():
    found = {file.stem.removeprefix("test_") for file in (ROOT / "tests/stages").glob("test_*.py")}
    assert set(STAGES) <= found, f"no file in tests/stages for {sorted(set(STAGES) - found)}"


def test_a_job_of_the_pipeline_runs_every_test():
    pipeline = (ROOT / ".gitlab-ci.yml").read_text()
    places = tuple(re.findall(r"\btests/[\w./]+", pipeline))
    files = {str(file.relative_to(ROOT)) for file in (ROOT / "tests").rglob("test_*.py")}
    of_services = {file for file in files if "pytest.mark.service" in (ROOT / file).read_text()}
    assert not {file for file in files - of_services if not file.startswith(places)}
    assert "WHERE: tests, KIND: service" in pipeline


def test_the_long_files_are_there():
    assert not [name for name in LONG if not (ROOT / "tests" / name).is_file()]
