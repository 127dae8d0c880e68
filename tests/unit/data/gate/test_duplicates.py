"""Near copies: each kind is found, nothing else is, and order does not matter."""

import io

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from sightline.cli import configure
from sightline.data.gate.duplicates import candidates
from sightline.data.gate.duplicates.find import NearCopies, NearPair, near_copies
from sightline.data.gate.near_checks import copies_table
from sightline.data.reduction import Reduction
from sightline.data.store.in_memory import images_in_memory
from sightline.errors import UsageError
from tests.unit.data.gate.conftest import after, split


def scene(seed, side=48):
    """Waves of all lengths, the shorter the fainter, as photographs have them."""
    rng = np.random.default_rng(seed)
    rows, columns = np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None, :]
    falling = 1 / np.maximum(np.hypot(rows, columns), 1 / side)
    waves = np.fft.ifft2(falling[..., None] * np.fft.fft2(rng.normal(size=(side, side, 3)), axes=(0, 1)), axes=(0, 1))
    mixed = waves.real @ np.array([[0.8, 0.5, 0.5], [0.3, 0.5, 0.3], [0.1, 0.1, 0.4]])
    return np.clip(120 + 45 * mixed / mixed.std(), 0, 255).astype(np.uint8)


def saved(picture, quality=95):
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return np.array(Image.open(stream))


COPIES = {
    "saved anew": lambda one: saved(one, 50),
    "resized": lambda one: saved(one.resize((36, 36), Image.Resampling.BICUBIC)),
    "other brightness": lambda one: saved(one.point(lambda value: min(255, value + 25))),
    "mirrored": lambda one: saved(one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    "cropped, resized": lambda one: saved(one.crop((1, 5, 43, 47))),
}


def found(images):
    """Positions and kind of each pair."""
    store = images_in_memory(images, Reduction())
    places = {content: place for place, content in enumerate(store.facts.hashes)}
    pairs = near_copies(store, np.arange(len(images))).pairs
    return {(*sorted((places[one.one], places[one.other])), one.kind) for one in pairs}


@pytest.fixture(scope="module")
def planted():
    """Sixty scenes, and a copy of each kind of some of them."""
    scenes = [scene(seed) for seed in range(60)]
    copies = [(kind, place) for kind in COPIES for place in (3, 17)]
    sources = [place + 3 * number for number, (_, place) in enumerate(copies)]
    made = [COPIES[kind](Image.fromarray(scenes[one])) for (kind, _), one in zip(copies, sources, strict=True)]
    truth = {
        (one, len(scenes) + number, kind) for number, ((kind, _), one) in enumerate(zip(copies, sources, strict=True))
    }
    return [*scenes, *made], truth


def test_every_kind_of_copy_is_found_and_nothing_else(planted):
    images, truth = planted
    assert found(images) == truth


def test_order_and_chunks_change_nothing(planted, monkeypatch):
    images, _ = planted
    whole = near_copies(images_in_memory(images, Reduction()), np.arange(len(images)))
    monkeypatch.setattr(candidates, "QUERIES", 7)
    monkeypatch.setattr(candidates, "BLOCK", 21)
    order = np.random.default_rng(1).permutation(len(images))
    again = near_copies(images_in_memory([images[place] for place in order], Reduction()), np.arange(len(images)))
    assert [one[:3] for one in again.pairs] == [one[:3] for one in whole.pairs]
    assert np.allclose([one.apart for one in again.pairs], [one.apart for one in whole.pairs], atol=1e-2)


def test_images_of_any_shape_are_compared():
    wide = scene(1, 160)[:100]
    images = [wide, saved(Image.fromarray(wide).resize((80, 50))), scene(2, 90), wide[:, ::-1], scene(3, 160)[20:]]
    assert found(images) == {(0, 1, "resized"), (0, 3, "mirrored"), (1, 3, "mirrored, resized")}


def test_digits_that_look_alike_and_flat_images_are_no_copies():
    digits = [
        np.repeat(np.array(Image.fromarray((15 * one).astype(np.uint8)).resize((28, 28)))[..., None], 3, axis=2)
        for one in load_digits().images[:400]
    ]
    assert not found(digits)
    flat = [np.full((32, 32, 3), value, dtype=np.uint8) for value in (0, 100, 101, 255)]
    sloped = [np.broadcast_to(np.arange(32, dtype=np.uint8)[:, None, None] * 7 + add, (32, 32, 3)) for add in (0, 9)]
    assert not found([*flat, *sloped])


def test_what_is_not_looked_for_is_told(monkeypatch):
    images = [scene(seed, 12) for seed in range(3)] + [np.zeros((32, 32, 3), dtype=np.uint8), scene(9), scene(8)]
    monkeypatch.setattr("sightline.data.gate.duplicates.find.MOST_FOR_CROPS", 1)
    told = near_copies(images_in_memory(images, Reduction()), np.arange(len(images))).left_out
    bare = "1 image nearly flat, or of stripes alone"
    assert told == ("3 images below 16 px, too small to tell", bare, "crops, among more than 1 images")
    monkeypatch.setattr("sightline.data.gate.duplicates.find.MOST", 1)
    assert (
        "none was compared" in near_copies(images_in_memory(images, Reduction()), np.arange(len(images))).left_out[-1]
    )


def test_among_images_that_are_all_alike_the_likeliest_are_looked_at(monkeypatch):
    alike = [np.clip(scene(0) * 0.9 + scene(seed) * 0.15 - 6, 0, 255).astype(np.uint8) for seed in range(1, 41)]
    images = images_in_memory([*alike, saved(Image.fromarray(alike[7]), 50)], Reduction())
    whole = near_copies(images, np.arange(41))
    assert not whole.left_out
    monkeypatch.setattr(candidates, "MOST_TRIED", 3)
    monkeypatch.setattr(candidates, "MOST_JUDGED", 2)
    cut = near_copies(images, np.arange(41))
    assert frozenset((images.facts.hashes[7], images.facts.hashes[40])) in {frozenset(pair[:2]) for pair in cut.pairs}
    assert {pair[:2] for pair in cut.pairs} < {pair[:2] for pair in whole.pairs}
    assert "likeliest copies of 41 images" in cut.left_out[0]


NEAR = NearCopies((NearPair("hash 0", "hash 3", "mirrored", 2.0), NearPair("hash 0", "hash 4", "cropped", 3.5)))
ROLES = ["train", "val", "calibration", "test", "train", "train"]


def test_near_copies_are_told_and_dropped_as_equal_ones_are():
    made = split(ROLES)
    findings, keep = after(made, near=NEAR)
    assert (findings["near_duplicates"].outcome, findings["near_duplicates"].count) == ("warn", 1)
    assert "0.jpg like 3.jpg (mirrored)" in findings["near_duplicates"].message
    assert "1 pair of near copies within one split" in findings["near_duplicates_within"].message
    assert findings["near_duplicate_labels"].count == 1
    assert keep.all()
    findings, keep = after(made, near=NEAR, near_duplicates="drop")
    assert np.flatnonzero(~keep).tolist() == [0]
    assert after(made.take(keep), near=NEAR)[0]["near_duplicates"].outcome == "pass"
    assert after(made, near=NEAR, near_duplicates="refuse")[0]["near_duplicates"].outcome == "refuse"


def test_who_does_not_want_to_know_is_told_that_nobody_looked():
    findings, keep = after(split(ROLES), near_duplicates="off")
    assert (findings["near_duplicates"].outcome, keep.all()) == ("pass", True)
    assert "not looked for: data.validation.near_duplicates=off" in findings["near_duplicates"].message
    assert "near_duplicates_within" not in findings
    words = ["data=digits", "data.validation.near_duplicates=off"]
    assert configure(*words).data.validation.near_duplicates == "off"
    with pytest.raises(UsageError, match=r"keep_together takes what validation\.near_duplicates=off does not look for"):
        configure(*words, "data.duplicates=keep_together")


def test_the_table_lists_equal_and_near_copies():
    table = copies_table(split(ROLES, hashes={1: "hash 5", 5: "hash 5"}), NEAR)
    assert table.splitlines() == [
        "id,split,copy,copy_split,kind,apart",
        "5.jpg,train,1.jpg,val,equal files,0.0",
        "0.jpg,train,3.jpg,test,mirrored,2.0",
        "0.jpg,train,4.jpg,train,cropped,3.5",
    ]
