"""Grounds: nothing of another object is on them, and who gets which hangs on the image alone."""

import numpy as np
import pytest
import torch

from sightline.robustness.backgrounds import KINDS, Kind, Strip, partners, pasted, strip_of

IDS = [f"{number}.png" for number in range(60)]
LABELS = np.arange(60) % 3
SHAPES = (np.arange(60) > 40).astype(np.int64)


def test_the_largest_strip_beside_the_object():
    ground = np.ones((16, 32), dtype=bool)
    ground[4:9, 20:30] = False
    assert strip_of(ground) == Strip(0, 0, 16, 20)
    ground[4:9, 2:30] = False
    assert strip_of(ground) == Strip(9, 0, 7, 32)
    ground[1:15, 1:31] = False
    assert strip_of(ground) is None, "one row or column is no ground"
    assert strip_of(np.ones((4, 5), dtype=bool)) == Strip(0, 0, 4, 5)


def test_a_filled_ground_holds_the_strip_where_it_lies_and_nothing_else():
    image = torch.arange(2 * 12 * 10).remainder(251).to(torch.uint8).view(2, 12, 10)[:, :, :].repeat(2, 1, 1)[:3]
    strip = Strip(7, 0, 5, 10)
    filled = strip.filled(image)
    assert filled.shape == image.shape
    assert torch.equal(filled[:, 7:], image[:, 7:])
    assert torch.equal(filled[:, 2:7], image[:, 7:].flip(1)), "mirrored at its edge"
    untouched = image.clone()
    untouched[:, :7] = 0
    assert torch.equal(strip.filled(untouched), filled)


def test_the_object_stays_and_all_else_is_the_others():
    image, other = torch.full((3, 8, 8), 200, dtype=torch.uint8), torch.full((3, 8, 8), 50, dtype=torch.uint8)
    other[:, :3] = 99
    inside = torch.zeros(8, 8, dtype=torch.bool)
    inside[2:5, 2:5] = True
    found = pasted(image, inside, other, Strip(3, 0, 5, 8))
    assert torch.equal(found == 200, inside.expand(3, 8, 8))
    assert set(found.unique().tolist()) == {50, 200}


@pytest.mark.parametrize("kind", KINDS)
def test_partners_are_of_the_class_that_is_asked_for(kind: Kind):
    grounds = np.arange(60) % 5 > 0
    labels = LABELS.copy()
    labels[7] = -1
    found = partners(IDS, labels, SHAPES, grounds, kind, 0)
    assert found[7] == -1
    able = np.flatnonzero(found >= 0)
    assert len(able) == 59
    assert (found[able] != able).all()
    assert grounds[found[able]].all()
    assert (SHAPES[found[able]] == SHAPES[able]).all()
    assert (labels[found[able]] >= 0).all()
    assert ((labels[found[able]] == labels[able]) == (kind == "same")).all()
    assert len(set(found.tolist())) > 20, "they are spread"


def test_a_partner_hangs_on_id_and_seed():
    everything = np.ones(60, dtype=bool)
    first = partners(IDS, LABELS, SHAPES, everything, "rand", 0)
    assert np.array_equal(partners(IDS, LABELS, SHAPES, everything, "rand", 0), first)
    assert (partners(IDS, LABELS, SHAPES, everything, "rand", 1) == first).mean() < 0.3
    renamed = ["x", *IDS[1:]]
    assert np.array_equal(partners(renamed, LABELS, SHAPES, everything, "rand", 0)[1:], first[1:])


def test_one_class_alone_has_no_other():
    one = np.zeros(5, dtype=np.int64)
    assert (partners(IDS[:5], one, one, np.ones(5, dtype=bool), "rand", 0) == -1).all()
    assert (partners(IDS[:1], one[:1], one[:1], np.ones(1, dtype=bool), "same", 0) == -1).all()
