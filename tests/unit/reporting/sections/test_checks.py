from sightline.reporting.contents import Contents
from sightline.reporting.files import VALIDATION
from sightline.reporting.sections.blocks import Cell
from sightline.reporting.sections.checks import data_facts, findings_table


def test_sizes_are_said_shortly_where_all_are_equal():
    sizes = {"width": {"min": 32, "median": 32, "max": 32}, "height": {"min": 20, "median": 64, "max": 400}}
    facts = data_facts({"n": 1200, "classes": {"a": 1, "b": 2}, "sizes": sizes, "modes": {"RGB": 1200}})
    assert dict(facts.pairs) == {
        "Images": "1,200 of 2 classes",
        "Sizes": "width 32; height 20 to 400, median 64",
        "Colour modes": "RGB 1,200",
    }


def test_findings_are_said_in_words_and_long_lists_are_folded(contents: Contents):
    validation = contents.read(VALIDATION)
    assert validation is not None
    many = {**validation["findings"][1], "examples": list("abcd")}
    rows = findings_table({**validation, "findings": [*validation["findings"], many]}).rows
    assert rows[0][:3] == ["unreadable", Cell("passed", outcome="pass"), "0"]
    assert rows[2][0] == "label conflicts"
    assert [row[3].examples for row in rows if isinstance(row[3], Cell)] == ["", "", "", "a, b, c, d"]
