"""AugMix beside torchvision's, and what must hold of any mixture."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torchvision.transforms.v2 import AugMix
from torchvision.transforms.v2 import functional as tv

from sightline.data.transforms.policies import augmix
from sightline.data.transforms.policies.augmix import CHAINED, Mixture, draw_mixture, mix_chains, through
from sightline.data.transforms.policies.draw import COLOURS, GEOMETRIC, Operations, ranges
from tests.unit.data.transforms.policies.peer import SIDE, TORCHVISION, counted, in_its_units, photographs, policy

BLACK = (0.0, 0.0, 0.0)
INVERTED_FIRST = (("solarize", 0.0), ("translate_x", 5.0))


def drawn_by(n=6000, **keys):
    return draw_mixture(policy("augmix", **keys), n, SIDE, counted(n))


def names_of(mixture):
    """(B, chains, depth)."""
    return np.stack([chain.names for chain in mixture.chains], axis=1)


def chain(*steps):
    return Operations(np.array([[name for name, _ in steps]]), np.array([[float(value) for _, value in steps]]))


@pytest.mark.parametrize("width", [1, 2, 3, 7])
@pytest.mark.parametrize("alpha", [1e-9, 0.1, 1.0, 50.0, 1e9])
def test_weights_are_shares_that_sum_to_one(width, alpha):
    weights = drawn_by(500, mixture_width=width, alpha=alpha).weights
    assert weights.shape == (500, 1 + width)
    assert (weights >= 0).all()
    assert weights.sum(axis=1) == pytest.approx(np.ones(500), abs=1e-12)


@pytest.mark.parametrize("alpha", [0.4, 1.0, 5.0])
def test_weights_follow_beta_and_dirichlet(alpha):
    weights = drawn_by(alpha=alpha).weights
    assert stats.kstest(weights[:, 0], stats.beta(alpha, alpha).cdf).pvalue > 1e-3
    shares = weights[:, 1:] / (1 - weights[:, :1])
    for share in shares.T:
        assert stats.kstest(share, stats.beta(alpha, 2 * alpha).cdf).pvalue > 1e-3
    # Of a Dirichlet any two shares have the same negative correlation; of an image's own share they are independent.
    assert np.corrcoef(shares.T)[np.triu_indices(3, 1)] == pytest.approx([-0.5] * 3, abs=0.05)
    assert np.corrcoef(weights[:, 0], shares[:, 0])[0, 1] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("everything", [False, True])
def test_chains_draw_each_operation_as_often_of_the_bins_that_severity_allows(everything):
    drawn = drawn_by(all_ops=everything, severity=4)
    names, values = names_of(drawn), np.stack([one.values for one in drawn.chains], axis=1)
    counts = dict(zip(*np.unique(names[names != "identity"], return_counts=True), strict=True))
    space = AugMix._AUGMENTATION_SPACE if everything else AugMix._PARTIAL_AUGMENTATION_SPACE
    assert {TORCHVISION[str(name)] for name in counts} == set(space)
    mean = sum(counts.values()) / len(space)
    assert min(counts.values()) > 0.93 * mean
    assert max(counts.values()) < 1.07 * mean
    for name in counts:
        magnitudes, signed = space[TORCHVISION[str(name)]]
        bins = magnitudes(10, SIDE, SIDE)
        allowed = [0.0] if bins is None else bins[:4].tolist()
        allowed = [math.floor(value) for value in allowed] if name.startswith("translate") else allowed
        allowed = {round(sign * value, 4) for value in allowed for sign in ((-1, 1) if signed else (1,))}
        assert {round(in_its_units(name, value), 4) for value in values[names == name]} == allowed


def test_a_depth_of_minus_one_draws_one_to_three_of_each_chain():
    depths = (names_of(drawn_by()) != "identity").sum(axis=2)
    for column in depths.T:
        assert np.bincount(column, minlength=4) / 6000 == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3], abs=0.03)
    assert np.corrcoef(depths.T)[np.triu_indices(3, 1)] == pytest.approx([0] * 3, abs=0.05)
    for depth in (1, 5):
        names = names_of(drawn_by(100, chain_depth=depth, mixture_width=2))
        assert names.shape == (100, 2, depth)
        assert "identity" not in names


def test_operations_of_a_chain_keep_their_order():
    image = photographs()
    shifted = tv.affine(image, 0.0, [5, 0], 1.0, [0.0, 0.0], fill=0)
    first = through(image, chain(("solarize", 0.5), ("translate_x", 5)), BLACK)
    assert torch.equal(first, tv.affine(tv.solarize(image, 127.5), 0.0, [5, 0], 1.0, [0.0, 0.0], fill=0))
    last = through(image, chain(("translate_x", 5), ("equalize", 0), ("solarize", 0.5)), BLACK)
    assert torch.equal(last, tv.solarize(tv.equalize(shifted), 127.5))
    bare = [through(image, chain(*steps), BLACK)[..., :5] for steps in (INVERTED_FIRST, INVERTED_FIRST[::-1])]
    assert [part.unique().tolist() for part in bare] == [[0], [255]]


def test_warps_that_follow_each_other_are_read_once():
    image = photographs()
    there_and_back = [("rotate", 0.3), ("shear_x", 0.2), ("shear_x", -0.2), ("rotate", -0.3)]
    back = through(image, chain(*there_and_back), BLACK)
    assert (back.int() - image.int()).abs().max() <= 1
    between = through(image, chain(*there_and_back[:2], ("posterize", 8), *there_and_back[2:]), BLACK)
    assert (between.int() - image.int()).abs().max() > 20, "a pixel operation between them comes between them"


def test_images_that_are_mixed_with_nothing_stay_to_the_bit(monkeypatch):
    images, config = photographs(50), policy("augmix", severity=10)
    drawn = draw_mixture(config, 50, SIDE, counted(50))
    alone = np.concatenate([np.ones((50, 1)), np.zeros((50, 3))], axis=1)
    monkeypatch.setattr(augmix, "draw_mixture", lambda *_: Mixture(drawn.chains, alone))
    assert torch.equal(mix_chains(images, config, counted(50), BLACK), images)
    idle = Operations(np.full((50, 3), "identity"), np.zeros((50, 3)))
    monkeypatch.setattr(augmix, "draw_mixture", lambda *_: Mixture((idle,) * 3, drawn.weights))
    assert torch.equal(mix_chains(images, config, counted(50), BLACK), images)


def test_the_least_severity_moves_nothing():
    drawn = drawn_by(2000, severity=1)
    names, values = names_of(drawn), np.stack([one.values for one in drawn.chains], axis=1)
    assert not values[np.isin(names, GEOMETRIC)].any()
    table = ranges("augmix", SIDE)
    assert set(values[names == "posterize"]) == {table["posterize"][0]}
    assert set(values[names == "solarize"]) == {table["solarize"][0]}


def test_a_mixture_is_the_weighted_sum_of_what_its_chains_make():
    images, config = photographs(40), policy("augmix", all_ops=True)
    drawn = draw_mixture(config, 40, SIDE, counted(40))
    versions = [images, *(through(images, one, BLACK) for one in drawn.chains)]
    weights = torch.from_numpy(drawn.weights)[..., None, None, None]
    exact = sum(weights[:, place] * version for place, version in enumerate(versions))
    mixed = mix_chains(images, config, counted(40), BLACK)
    assert mixed.dtype == torch.uint8
    assert (mixed - exact).abs().max() < 0.501


def test_every_other_policy_leaves_pixels_alone():
    images = photographs(3)
    for name in ("none", "randaugment", "trivialaugment", "autoaugment"):
        assert mix_chains(images, policy(name), counted(3), BLACK) is images


class Forced(AugMix):
    """Torchvision's, with the draws of one of our images."""

    def __init__(self, mixture, row):
        super().__init__(chain_depth=mixture.chains[0].names.shape[1], mixture_width=len(mixture.chains))
        own, *others = mixture.weights[row].tolist()
        self.left = [[own, 1 - own], [weight / (1 - own) for weight in others]]
        self.steps = [
            (TORCHVISION[str(name)], in_its_units(name, value))
            for one in mixture.chains
            for name, value in zip(one.names[row], one.values[row], strict=True)
        ]

    def _sample_dirichlet(self, _):
        return torch.tensor([self.left.pop(0)])

    def _get_random_item(self, _):
        name, value = self.steps.pop(0)
        return name, (lambda bins, *_: torch.full((bins,), value), False)


@pytest.mark.parametrize("everything", [False, True])
def test_the_same_draws_give_torchvisions_pixels(everything):
    images, config = photographs(60), policy("augmix", all_ops=everything)
    drawn = draw_mixture(config, 60, SIDE, counted(60))
    mixed = mix_chains(images, config, counted(60), BLACK)
    expected = torch.stack([Forced(drawn, row)(image) for row, image in enumerate(images)])
    apart = (mixed - expected.float()).abs()[:, :, 3:-3, 3:-3]
    # They cut fractions off, read twice where two warps follow each other, and blend the edge with what is bare.
    assert apart.mean() < 0.8
    assert (apart > 8).float().mean() < 0.002
    others = mix_chains(images, config, counted(60, epoch=1), BLACK)
    assert (others - expected.float()).abs()[:, :, 3:-3, 3:-3].mean() > 4 * apart.mean(), "and no others do"


def changes(severity, n=1500):
    """Mean change of the pixels of n images."""
    images = photographs(n)
    mixed = mix_chains(images, policy("augmix", all_ops=True, severity=severity), counted(n), BLACK)
    return (mixed.float() - images.float()).abs().mean(dim=(1, 2, 3))


@pytest.mark.slow
def test_images_change_by_as_much_as_torchvisions():
    """Each with draws of its own; the same draws are compared above."""
    images, found = photographs(1000), changes(3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        peer = AugMix()
        expected = torch.stack([(peer(image).float() - image.float()).abs().mean() for image in images])
    error = math.sqrt(found.var() / len(found) + expected.var() / len(expected))
    assert error < 0.04 * expected.mean()
    assert (found.mean() - expected.mean()).abs() < 2 * error
    assert found.quantile(0.9).item() == pytest.approx(expected.quantile(0.9).item(), rel=0.08)
    # The margin tells severities apart.
    assert changes(4).mean() - expected.mean() > 2 * error


def test_chains_are_of_the_operations_that_robustness_does_not_measure():
    assert not set(CHAINED) & set(COLOURS)
    assert set(names_of(drawn_by(500)).flatten()) == {"identity", *CHAINED}
