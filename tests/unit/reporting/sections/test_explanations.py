from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Facts
from sightline.reporting.sections.explanations import blocks


def test_says_method_and_how_many(contents: Contents):
    facts, warning = blocks(contents)
    assert isinstance(facts, Facts)
    assert dict(facts.pairs) == {
        "Method": "Grad-CAM",
        "Layer": "stage3",
        "Images": "0 answered right and 1 wrong, of the test split",
    }
    assert warning.on == "page"
