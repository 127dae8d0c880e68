import json

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sightline.reporting.contents import ROMANISED, Contents
from sightline.reporting.sections.caveats import remarks, uses_tile, warnings
from sightline.run.folder import Run


@pytest.mark.parametrize(("uses", "said"), [(0, "0 times"), (1, "once"), (3, "3 times")])
def test_counts_the_uses_of_the_test_labels(copy: Run, uses: int, said: str):
    copy.save_text("test_ledger.jsonl", uses * '{"time": "t", "stage": "evaluate", "purpose": "p"}\n')
    contents = Contents(copy)
    tile = uses_tile(contents.test_uses)
    assert tile.value == said
    assert tile.beware == (uses != 1)
    assert bool(warnings(contents)) == (uses > 1)


def test_the_same_answers_measured_again_do_no_harm(copy: Run):
    copy.save_text("test_ledger.jsonl", 3 * '{"time": "t", "stage": "evaluate", "purpose": "p", "measured": ["ab"]}\n')
    contents = Contents(copy)
    tile = uses_tile(contents.test_uses)
    assert (tile.value, tile.beware) == ("once", False)
    assert "measured again: 2" in tile.remark
    assert not warnings(contents)


def test_numbers_of_another_split_are_no_test_numbers(copy: Run):
    copy.save_json("evaluation.json", copy.load_json("evaluation.json") | {"split": "val"})
    assert "val split" in warnings(Contents(copy))[0]


def test_warns_of_data_findings_and_uncommitted_code(contents: Contents):
    text = " ".join(remarks(contents))
    assert "2 images carry two labels." in text
    assert "not committed" in text
    assert "two splits" not in text, "what was dropped does no harm any more"


def test_says_what_figures_write_in_latin_letters(copy: Run):
    assert "font" not in " ".join(remarks(Contents(copy)))
    for name, words in {
        "roc": {"猫": "Mao"},
        "confusion": {"猫": "Mao", "狗": "Gou", "鸟": "Niao", "鱼": "Yu"},
    }.items():
        said = PngInfo()
        said.add_text(ROMANISED, json.dumps(words))
        Image.new("RGB", (8, 8)).save(copy.path / "figures" / f"{name}.png", pnginfo=said)
    (copy.path / "figures" / "torn.png").write_bytes(b"no picture")
    text = remarks(Contents(copy))[-1]
    assert "“猫” as “Mao”, “狗” as “Gou”" in text
    assert "1 words more" not in text
    assert "and 1 word more" in text
