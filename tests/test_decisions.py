"""Every decision says when it was taken, what became of it, why, and what was measured; the index lists them all."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs/decisions"
RECORDS = sorted(FOLDER.glob("0*.md"))
STATUS = r"(accepted|superseded by \[\d+\]\(\S+\.md\)|accepted, in part superseded by \[\d+\]\(\S+\.md\))"


def heading(record: Path) -> tuple[str, str, str]:
    """Its number, its title, and the line of its date and status."""
    lines = record.read_text().splitlines()
    number, _, title = lines[0].removeprefix("# ").partition(". ")
    return number, title, lines[2]


def test_they_are_numbered_without_a_gap():
    numbers = [int(record.name[:4]) for record in RECORDS]
    assert numbers == list(range(1, len(RECORDS) + 1))
    assert [int(heading(record)[0]) for record in RECORDS] == numbers


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_says_when_why_and_what_was_measured(record: Path):
    text = record.read_text()
    assert re.fullmatch(rf"\d+ [A-Z][a-z]+ \d{{4}} · {STATUS}", heading(record)[2])
    assert "\n**Decision.**" in text
    assert "\n**Why" in text
    assert "\n**Evidence" in text


def test_the_index_lists_them_all():
    rows = re.findall(r"^\| (\d+) \| \[(.+?)\]\((\S+)\) \| (.+) \| (.+) \|$", (FOLDER / "README.md").read_text(), re.M)
    assert [(number, title, f"{date} · {status}") for number, title, _, date, status in rows] == [
        heading(record) for record in RECORDS
    ]
    assert [link for _, _, link, _, _ in rows] == [record.name for record in RECORDS]
