from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Facts
from sightline.reporting.sections.model_input import blocks
from sightline.run.folder import Run


def test_says_size_crop_and_channels(contents: Contents):
    [facts] = blocks(contents)
    assert isinstance(facts, Facts)
    assert dict(facts.pairs) == {
        "Size": "32 by 32 pixels, bilinear",
        "Square": "the middle, 100 % of the shorter side",
        "Mean": "0.491, 0.482, 0.446",
        "Standard deviation": "0.247, 0.243, 0.261",
    }


def test_says_nothing_before_training(copy: Run):
    (copy.path / "preprocessing.json").unlink()
    assert list(blocks(Contents(copy))) == []
