from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sightline.config.data import Cifar10Data, CsvData, DigitsData, FolderData, ValidationPolicy
from sightline.data.sources.find import find, find_unknown
from sightline.data.sources.source import Source, limited, places_within, priorities
from sightline.data.targets import MISSING, MaskTarget
from sightline.errors import UsageError

POLICY = ValidationPolicy(
    unreadable="refuse",
    duplicates_across_splits="drop",
    near_duplicates="warn",
    label_conflicts="warn",
    small_class="warn",
    small_class_items=10,
    odd_images="warn",
    similar_classes="warn",
    blank_labels="refuse",
    missing_masks="refuse",
    unusable_masks="refuse",
)
SHARED = {
    "val_fraction": 0.1,
    "calibration_fraction": 0.1,
    "test_fraction": 0.2,
    "split_seed": 0,
    "store": "auto",
    "workers": None,
    "duplicates": "separate",
    "validation": POLICY,
}


def source(labels, roles=None, groups=None):
    labels = np.array(labels, dtype=np.int64)
    return Source.of_classes(
        ids=tuple(f"item {number}" for number in range(len(labels))),
        labels=labels,
        class_names=tuple("abcdefghijklmnop"[: labels.max() + 1]),
        roles=(None,) * len(labels) if roles is None else tuple(roles),
        groups=groups,
        files=tuple(Path(str(number)) for number in range(len(labels))),
    )


def test_exactly_one_of_files_and_pixels():
    common = {"ids": ("a",), "labels": np.zeros(1, np.int64), "class_names": ("x", "y"), "roles": (None,)}
    with pytest.raises(AssertionError):
        Source.of_classes(**common)
    with pytest.raises(AssertionError):
        Source.of_classes(**common, files=(Path("a"),), pixels=np.zeros((1, 2, 2, 3), np.uint8))
    with pytest.raises(AssertionError):
        Source.of_classes(**common, files=())


def test_ids_are_unique():
    with pytest.raises(AssertionError, match="repeat"):
        Source.of_classes(("a", "a"), np.zeros(2, np.int64), ("x", "y"), (None, None), files=(Path("a"), Path("b")))


def test_images_without_a_class_are_a_stratum_of_their_own():
    whole = source([0, 1, 2, 0])
    assert whole.strata.tolist() == whole.labels.tolist() == [0, 1, 2, 0]
    some = Source.of_classes(whole.ids, np.array([0, MISSING, 1, 0]), ("x", "y"), whole.roles, files=whole.files)
    assert some.strata.tolist() == [0, 2, 1, 0]
    assert some.labels.tolist() == [0, MISSING, 1, 0]
    assert some.masks is None


def test_masks_are_one_target_and_travel_with_their_images():
    whole = source([0, 1, 2, 0])
    masks = MaskTarget((Path("m0"), None, Path("m2"), None), ("road", "sky"), 255)
    both = replace(whole, targets={**whole.targets, "mask": masks})
    part = both.take([2, 1])
    assert part.masks.values == (Path("m2"), None)
    assert part.labels.tolist() == [2, 1]
    with pytest.raises(AssertionError, match="more than one"):
        replace(both, targets={"one": masks, "other": masks})
    with pytest.raises(AssertionError, match="length"):
        replace(whole, targets={"mask": masks.take(np.arange(3))})


def test_limits_keep_the_proportions_of_strata_whatever_the_targets():
    whole = source(np.arange(300) % 3)
    strata = np.repeat([0, 1], [200, 100])
    kept = limited(replace(whole, strata=strata), 30, 0)
    assert np.bincount(kept.strata).tolist() == [20, 10]


def test_take_keeps_columns_together():
    whole = source([0, 1, 2, 0], roles=["train", None, "test", "val"], groups=tuple("pqrs"))
    part = whole.take([3, 1])
    assert part.ids == ("item 3", "item 1")
    assert part.labels.tolist() == [0, 1]
    assert part.roles == ("val", None)
    assert part.groups == ("s", "q")
    assert part.files == (Path("3"), Path("1"))
    assert part.class_names == whole.class_names
    assert whole.take(np.array([False, True, False, True])).ids == ("item 1", "item 3")
    pixels = np.arange(2 * 2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 2, 3)
    assert (
        Source.of_classes(("a", "b"), np.arange(2), ("x", "y"), (None, None), pixels=pixels).take([1]).pixels
        == pixels[1:]
    ).all()


@pytest.mark.parametrize("limit", [1, 3, 6, 7, 50, 99, 200, 519, 520])
def test_limit_is_exact_and_stratified(limit):
    labels = np.repeat([0, 1, 2, 0, 1, 2], [200, 100, 50, 100, 50, 20])
    roles = ["train"] * 350 + ["test"] * 170
    part = limited(source(labels, roles), limit, seed=3)
    assert len(part) == limit
    strata = [(role, int(label)) for role, label in zip(part.roles, part.labels, strict=True)]
    counts = np.array([strata.count((role, label)) for role in ("train", "test") for label in range(3)])
    if limit >= 6:
        assert counts.min() >= 1
        assert np.abs(counts - limit * np.array([200, 100, 50, 100, 50, 20]) / 520).max() <= 1.5
    else:
        assert counts.max() <= 1
        assert counts[0] == 1
    assert list(part.ids) == sorted(part.ids, key=lambda name: int(name.split()[1]))


def test_limit_of_everything_or_nothing_changes_nothing():
    whole = source([0, 1] * 5)
    assert limited(whole, None, 0) is whole
    assert limited(whole, 10, 0) is whole
    assert limited(whole, 11, 0) is whole


def test_limit_depends_on_seed_and_ids_not_on_order():
    whole = source(np.arange(300) % 3)
    chosen = set(limited(whole, 60, 0).ids)
    turned = whole.take(np.random.default_rng(0).permutation(300))
    assert set(limited(turned, 60, 0).ids) == chosen
    assert set(limited(whole, 60, 1).ids) != chosen
    assert chosen <= set(limited(whole, 90, 0).ids)


def test_ranks_belong_to_the_id_and_are_spread_evenly():
    names = [f"folder/{number}.jpg" for number in range(5000)]
    ranks = priorities(names, 7)
    assert (priorities(names[100:200], 7) == ranks[100:200]).all()
    assert (priorities(names, 8) != ranks).all()
    assert len(priorities([], 0)) == 0
    counts = np.bincount((ranks >> np.uint64(60)).astype(int), minlength=16)
    assert ((counts - 312.5) ** 2 / 312.5).sum() < 45  # chi-square of 15 degrees, p = 1e-4


def test_places_within_runs():
    assert places_within(np.array([2, 2, 2, 5, 7, 7])).tolist() == [0, 1, 2, 0, 0, 1]
    assert places_within(np.array([], dtype=np.int64)).tolist() == []


def test_each_configuration_finds_its_source(tmp_path):
    assert len(find(DigitsData(name="digits", **SHARED))) == 1797
    for config, key in [
        (FolderData(name="folder", root=None, white="auto", **SHARED), "data.root"),
        (FolderData(name="folder", root=str(tmp_path / "none"), white="auto", **SHARED), "data.root"),
        (Cifar10Data(name="cifar10", root=str(tmp_path), download=False, **SHARED), "data.root"),
        (
            CsvData(
                white="auto",
                name="csv",
                root=None,
                manifest=None,
                path_column="path",
                label_column="label",
                split_column=None,
                group_column=None,
                **SHARED,
            ),
            "data.manifest",
        ),
    ]:
        with pytest.raises(UsageError, match=key):
            find(config)


def test_images_of_another_kind_need_no_classes_and_messages_name_their_key(tmp_path):
    def unknown(root):
        return find_unknown(FolderData(name="folder", root=str(root), white="auto", **SHARED))

    for name in (
        "flat/1.jpg",
        "flat/2.jpg",
        "one/a/3.jpg",
        "two/a/4.jpg",
        "two/b/5.jpg",
        "empty/x.txt",
        "data.root=x/6.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = {name: unknown(tmp_path / name) for name in ("flat", "one", "two")}
    assert {name: source.ids for name, source in found.items()} == {
        "flat": ("1.jpg", "2.jpg"),
        "one": ("a/3.jpg",),
        "two": ("a/4.jpg", "b/5.jpg"),
    }
    assert [remark.message for remark in found["flat"].remarks] == ["2 images, taken without classes"]
    assert found["two"].class_names == ("a", "b")
    for name, words in (("none", "does not exist"), ("empty", "holds no images"), ("data.root=x", "holds no images")):
        with pytest.raises(UsageError) as caught:
            unknown(tmp_path / name)
        assert str(caught.value).startswith(f"evaluation.ood.root={tmp_path / name} {words}")
    with pytest.raises(UsageError, match=r"^evaluation.ood.root= is empty; give a path, evaluation.ood.root=\. for"):
        unknown("")


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_path_is_not_the_current_folder(empty, tmp_path, monkeypatch):
    for name in ("a/1.jpg", "b/2.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"data.root= is empty; give a path, data.root=. for the current folder"):
        find(FolderData(name="folder", root=empty, white="auto", **SHARED))
    assert len(find(FolderData(name="folder", root=".", white="auto", **SHARED))) == 2
