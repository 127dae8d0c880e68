"""Which operations images draw and how strong, beside torchvision's."""

import hashlib
import math

import numpy as np
import pytest
import torch
from torchvision.transforms import AutoAugmentPolicy
from torchvision.transforms.v2 import AugMix, AutoAugment, RandAugment, TrivialAugmentWide

from sightline.data.transforms.geometry import Geometry, identity
from sightline.data.transforms.policies.apply import apply_operations, warps
from sightline.data.transforms.policies.draw import (
    COMMON,
    GEOMETRIC,
    NAMES,
    SIGNED,
    draw_policy,
    of_strength,
    ranges,
)
from sightline.data.transforms.policies.learned import LEARNED
from sightline.data.transforms.sampling import sample
from tests.unit.data.transforms.policies.peer import SIDE, TORCHVISION, counted, in_its_units, photographs, policy


def drawn_by(config, n=6000, side=32):
    return draw_policy(config, n, side, counted(n))


@pytest.mark.parametrize("side", [32, 216, 224])
@pytest.mark.parametrize(
    ("name", "reference", "count"),
    [
        ("randaugment", RandAugment, 31),
        ("trivialaugment", TrivialAugmentWide, 31),
        ("autoaugment", AutoAugment, 10),
        ("augmix", AugMix, 10),
    ],
)
def test_names_signs_and_every_strength_are_torchvisions(name, reference, count, side):
    space = {one: space for one, space in reference._AUGMENTATION_SPACE.items() if one != "Identity"}
    ours = {TORCHVISION[one]: one for one in NAMES}
    assert set(space) <= set(ours)
    if count == 31:
        assert set(space) == {TORCHVISION[one] for one in COMMON} - {"Identity"}
    for theirs, (magnitudes, signed) in space.items():
        one, bins = ours[theirs], magnitudes(count, side, side)
        assert signed == (one in SIGNED)
        chosen = np.full((count, 1), NAMES.index(one))
        level, negative = np.arange(count)[:, None] / (count - 1), np.ones((count, 1), dtype=bool)
        values = of_strength(chosen, level, negative, ranges(name, side)).values[:, 0]
        expected = torch.zeros(count) if bins is None else bins.double()
        # Their float32 lies a last bit below 16 where it is 16.
        expected = (expected + 1e-4).int() if one.startswith("translate") else expected
        got = [in_its_units(one, -value if signed else value) for value in values]
        assert got == pytest.approx(expected.tolist(), abs=1e-4)


@pytest.mark.parametrize(
    ("name", "before"), [("randaugment", 15_203_761_853_871_998_508), ("trivialaugment", 9_384_305_497_719_502_709)]
)
def test_runs_of_before_draw_what_they_drew(name, before):
    """Recorded before AutoAugment and AugMix came."""
    drawn = drawn_by(policy(name), n=1000)
    pairs = zip(drawn.names.flatten().tolist(), drawn.values.flatten().tolist(), strict=True)
    text = "".join(f"{one}{value:.6f}" for one, value in pairs)
    assert int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) == before


def test_randaugment_draws_every_operation_equally_often_each_image_its_own():
    drawn = drawn_by(policy("randaugment"))
    assert drawn.names.shape == (6000, 2)
    counts = dict(zip(*np.unique(drawn.names, return_counts=True), strict=True))
    assert set(counts) == set(COMMON)
    assert min(counts.values()) > 0.85 * 12000 / len(COMMON)
    assert max(counts.values()) < 1.15 * 12000 / len(COMMON)
    pairs = {tuple(pair) for pair in drawn.names.tolist()}
    assert len(pairs) == len(COMMON) ** 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rotate", [-math.radians(9), math.radians(9)]),
        ("translate_x", [-4, 4]),
        ("shear_y", [-0.09, 0.09]),
        ("color", [-0.27, 0.27]),
        ("posterize", [7]),
        ("solarize", [0.7]),
    ],
)
def test_randaugment_takes_its_magnitude_with_either_sign(name, expected):
    drawn = drawn_by(policy("randaugment"))
    values = drawn.values[drawn.names == name]
    assert sorted(set(values.round(6).tolist())) == pytest.approx(expected, abs=1e-5)
    if len(expected) == 2:
        assert (values > 0).mean() == pytest.approx(0.5, abs=0.06)


def test_trivialaugment_draws_one_operation_of_any_strength():
    drawn = drawn_by(policy("trivialaugment"), n=20_000)
    assert drawn.names.shape == (20_000, 1)
    turns = np.degrees(drawn.values[drawn.names == "rotate"])
    assert len(set(np.abs(turns).round(6).tolist())) == 31
    assert np.abs(turns).max() == pytest.approx(135.0)
    assert np.abs(turns).mean() == pytest.approx(67.5, abs=4)
    assert set(drawn.values[drawn.names == "posterize"].tolist()) == {2, 3, 4, 5, 6, 7, 8}


@pytest.mark.parametrize("name", ["none", "augmix"])
def test_no_policy_draws_nothing(name):
    assert drawn_by(policy(name), n=3).names.shape == (3, 0)


def forced(data, index, low):
    """What an image draws whose numbers choose a pair, let both operations happen, and are low or high for the sign."""
    row = np.array([[(index + 0.5) / 25, 1e-3, 1e-3, low, low]], dtype=np.float32)
    return draw_policy(policy("autoaugment", learned_on=data), 1, SIDE, lambda slots, _: row[:, :slots])


def theirs(data, index, low, image, monkeypatch):
    """Torchvision's output of the same numbers, and the operations that it applied with their magnitudes."""
    peer = AutoAugment(AutoAugmentPolicy(data), interpolation="bilinear")
    peer._policies = [peer._policies[index]]
    seen, apply = [], peer._apply_image_or_video_transform

    def recorded(image, name, magnitude, **more):
        seen.append((name, int(magnitude) if name.startswith("Translate") else magnitude))
        return apply(image, name, magnitude, **more)

    signs = [peer._AUGMENTATION_SPACE[name][1] and share > 0 for name, share, _ in peer._policies[0]]
    numbers = [number for signed in signs for number in ([1e-3, low] if signed else [1e-3])]
    monkeypatch.setattr(peer, "_apply_image_or_video_transform", recorded)
    monkeypatch.setattr(torch, "rand", lambda _: torch.tensor(numbers.pop(0)))
    return peer(image), seen


def ours(drawn, images):
    sizes = np.full((len(images), 2), SIDE)
    geometry = Geometry(identity(len(images)), warps(drawn, SIDE), SIDE)
    return apply_operations(sample(images, sizes, geometry, "bilinear", (0.0, 0.0, 0.0)), drawn)


@pytest.mark.parametrize("low", [0.1, 0.9])
@pytest.mark.parametrize("data", LEARNED)
def test_each_pair_of_autoaugment_does_what_torchvisions_does(data, low, monkeypatch):
    image = photographs()
    for index in range(25):
        drawn = forced(data, index, low)
        expected, seen = theirs(data, index, low, image[0], monkeypatch)
        happened = [
            (TORCHVISION[name], pytest.approx(in_its_units(name, value), abs=1e-5))
            for name, value in zip(drawn.names[0], drawn.values[0], strict=True)
            if name != "identity"
        ]
        assert seen == happened
        moves = np.isin(drawn.names[0], GEOMETRIC)
        if moves[1] and not moves[0] and drawn.names[0, 0] != "identity":
            continue  # they move what the first has changed, we change what was moved
        apart = (ours(drawn, image)[0].int() - expected.int()).abs()
        # Fractions cut off or rounded; along a warp's edge they blend with what is bare, which tips thresholds too.
        limit = 0.15 if moves.any() else 0.03
        assert (apart > 3).float().mean() < limit


@pytest.mark.parametrize("data", LEARNED)
def test_the_learned_pairs_are_torchvisions(data):
    pairs = AutoAugment(AutoAugmentPolicy(data))._policies
    assert [
        tuple((TORCHVISION[name], share, strength) for name, share, strength in pair) for pair in LEARNED[data]
    ] == [tuple((name, share, strength or 0) for name, share, strength in pair) for pair in pairs]


@pytest.mark.parametrize("data", LEARNED)
def test_autoaugment_draws_each_pair_as_often_and_each_operation_with_its_probability(data):
    n = 60_000
    drawn = drawn_by(policy("autoaugment", learned_on=data), n)
    assert drawn.names.shape == (n, 2)
    for step in range(2):
        expected = dict.fromkeys(NAMES, 0.0)
        for pair in LEARNED[data]:
            name, share, _ = pair[step]
            expected[name] += share / 25
            expected["identity"] += (1 - share) / 25
        found = {name: (drawn.names[:, step] == name).mean() for name in NAMES}
        assert found == pytest.approx(expected, abs=5 * math.sqrt(0.25 / n))
    together = (drawn.names == "identity").all(axis=1).mean()
    alone = np.mean([(1 - first[1]) * (1 - second[1]) for first, second in LEARNED[data]])
    assert together == pytest.approx(alone, abs=5 * math.sqrt(0.25 / n)), "each happens or not by itself"
    signed = np.isin(drawn.names, SIGNED) & (drawn.values != 0)
    assert (drawn.values[signed] > 0).mean() == pytest.approx(0.5, abs=0.02)
