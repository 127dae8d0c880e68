from pathlib import Path

import numpy as np

from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Browser, Gallery, Photo, Text
from sightline.reporting.sections.galleries import address_of, blocks, within_budget
from sightline.run.folder import Run
from sightline.run.photos import PHOTOS, Photos, jpeg


def example(name: str, label: str = "cat", predicted: str = "dog") -> dict[str, object]:
    return {
        "id": name, "file": f"/pics/{name}", "label": label, "predicted": predicted,
        "confidence": 0.9, "label_probability": 0.1,
    }  # fmt: skip


def test_pictures_beyond_the_budget_are_left_out_and_the_words_stay():
    photos = [Photo(f"{n}", "", "a", "b", "1 %", b"x" * 30, b"y" * 30) for n in range(5)]
    shown = list(within_budget(photos, budget=170))
    assert [len(photo.picture) for photo in shown] == [30, 30, 0, 0, 0]
    assert [photo.name for photo in shown] == list("01234")
    assert not shown[2].heat


def test_addresses_are_quoted_and_only_of_whole_paths():
    assert address_of("/a b/ü#1?.jpg") == "file:///a%20b/%C3%BC%231%3F.jpg"
    assert address_of("") == address_of("a.jpg") == ""


def test_mistakes_are_browsed_and_right_answers_shown(tmp_path: Path):
    run, picture = Run(tmp_path), jpeg(np.zeros((8, 8, 3), dtype=np.uint8))
    content = {"split": "test", "n": 9, "wrong": 3, "mistakes": [example("a"), example("b")], "right": [example("c")]}
    run.save_json("examples/examples.json", content)
    run.save_arrays(PHOTOS, **Photos("/pics/", {"a": picture, "c": picture}, {"a": picture}).to_arrays())
    found = list(blocks(Contents(run)))
    [browser] = [block for block in found if isinstance(block, Browser)]
    assert [(photo.picture, photo.heat) for photo in browser.photos] == [(picture, picture), (b"", b"")]
    [gallery] = [block for block in found if isinstance(block, Gallery)]
    assert [(photo.name, photo.heat) for photo in gallery.photos] == [("c", b"")]
    [lead] = [block for block in found if isinstance(block, Text)]
    assert "3 of 9 test images were answered wrong; 2 are listed" in lead.text[0]
    assert "1 has its photo here" in lead.text[0]
    assert lead.text[0].endswith("Names link to the files. ")
    run.save_json("examples/examples.json", {**content, "mistakes": [example("a") | {"file": ""}], "right": []})
    [lead] = [block for block in blocks(Contents(run)) if isinstance(block, Text)]
    assert "link" not in str(lead.text), "images without files"
    run.save_json("examples/examples.json", content)
    (tmp_path / "examples" / "photos.npz").unlink()
    assert not [block for block in blocks(Contents(run)) if isinstance(block, Gallery)]
