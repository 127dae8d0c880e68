import numpy as np
import pytest
import torch
from scipy import stats

from sightline.config.transforms import MixingConfig
from sightline.data.transforms.mixing import mix

CLASSES = 7


def config(mixup=0.0, cutmix=0.0, probability=1.0, stop_at=1.0):
    return MixingConfig(mixup_alpha=mixup, cutmix_alpha=cutmix, probability=probability, stop_at=stop_at)


def batch(n, side=16):
    """Image i is the value i everywhere, and its class is unlike its neighbour's."""
    images = torch.arange(float(n))[:, None, None, None].expand(n, 3, side, side).contiguous()
    return images, torch.arange(n) % CLASSES


def mixed(settings, n=8, progress=0.0, epoch=0, counters=None, side=16):
    images, labels = batch(n, side)
    where = np.arange(n) if counters is None else counters
    return mix(images, labels, CLASSES, settings, seed=0, epoch=epoch, counters=where, progress=progress)


def shares_kept(labels, targets):
    return targets[torch.arange(len(labels)), labels]


@pytest.mark.parametrize("n", [2, 5, 8])
def test_mixup_gives_pixels_and_labels_the_same_share(n):
    images, labels = batch(n)
    if labels[-1] == labels[0]:
        labels[-1] = (labels[0] + 1) % CLASSES
    got, targets = mix(images, labels, CLASSES, config(mixup=0.4), seed=0, epoch=0, counters=np.arange(n), progress=0.0)
    share = shares_kept(labels, targets)
    partner = images.roll(1, 0)
    assert torch.allclose(
        got, images * share[:, None, None, None] + partner * (1 - share)[:, None, None, None], atol=1e-5
    )
    assert torch.allclose(shares_kept(labels.roll(1), targets), 1 - share, atol=1e-6)
    assert share.unique().numel() == n
    assert targets.dtype == torch.float32
    assert torch.allclose(targets.sum(1), torch.ones(n))


@pytest.mark.parametrize("side", [8, 15, 32])
def test_cutmix_labels_are_the_areas_that_can_be_counted(side):
    n = 49
    got, targets = mixed(config(cutmix=1.0), n=n, side=side)
    images, labels = batch(n, side)
    own = got == images
    assert torch.equal(torch.where(own, images, images.roll(1, 0)), got)
    counted = own[:, 0].float().mean((1, 2))
    # The first image and its partner, the last, share a class.
    assert torch.allclose(shares_kept(labels, targets)[1:], counted[1:], atol=1e-6)
    pasted = ~own[:, 0]
    assert torch.equal(pasted.sum((1, 2)), pasted.any(2).sum(1) * pasted.any(1).sum(1))
    assert counted.min() < 0.5
    assert counted.max() > 0.85


def test_both_on_gives_each_image_one_of_the_two():
    n = 600
    got, _ = mixed(config(mixup=1.0, cutmix=1.0), n=n)
    images, _ = batch(n)
    blended = ((got != images) & (got != images.roll(1, 0))).flatten(1).any(1)
    assert blended.float().mean() == pytest.approx(0.5, abs=0.06)


def test_probability_is_that_of_an_image_and_the_others_stay_to_the_bit():
    n = 1000
    images = torch.randn(n, 3, 4, 4)
    labels = torch.arange(n) % CLASSES
    got, targets = mix(
        images, labels, CLASSES, config(0.5, 0.0, 0.3), seed=0, epoch=0, counters=np.arange(n), progress=0.0
    )
    untouched = (got == images).flatten(1).all(1)
    assert untouched.float().mean() == pytest.approx(0.7, abs=0.05)
    assert torch.equal(targets[untouched], torch.nn.functional.one_hot(labels[untouched], CLASSES).float())


@pytest.mark.parametrize(
    ("settings", "progress", "n"),
    [
        (config(), 0.0, 8),
        (config(0.2, 1.0, probability=0.0), 0.0, 8),
        (config(0.2, 1.0, stop_at=0.9), 0.9, 8),
        (config(0.2, 1.0), 0.0, 1),
    ],
)
def test_off_returns_what_came(settings, progress, n):
    images, labels = batch(n)
    got, targets = mix(images, labels, CLASSES, settings, seed=0, epoch=0, counters=np.arange(n), progress=progress)
    assert got is images
    assert targets is labels


def test_it_mixes_until_it_stops():
    assert mixed(config(0.2, 1.0, stop_at=0.9), progress=0.89)[1].ndim == 2


@pytest.mark.parametrize("alpha", [0.2, 1.0, 2.0])
def test_shares_follow_the_beta_distribution(alpha):
    n = 2000
    images, labels = torch.zeros(n, 1, 1, 1), torch.arange(n) % 2
    _, targets = mix(images, labels, 2, config(mixup=alpha), seed=1, epoch=0, counters=np.arange(n), progress=0.0)
    assert stats.kstest(shares_kept(labels, targets).numpy(), stats.beta(alpha, alpha).cdf).pvalue > 1e-3


def test_an_images_share_is_its_own_whatever_the_batch():
    _, labels = batch(CLASSES)
    settings = config(mixup=1.0)
    shares = shares_kept(labels, mixed(settings, CLASSES)[1])
    turned = shares_kept(labels, mixed(settings, CLASSES, counters=np.arange(CLASSES)[::-1].copy())[1])
    later = shares_kept(labels, mixed(settings, CLASSES, epoch=1)[1])
    assert torch.equal(shares, shares_kept(labels, mixed(settings, CLASSES)[1]))
    assert torch.equal(shares, turned.flip(0))
    assert not torch.isclose(shares, later).any()


def test_what_came_is_not_written_to():
    images, labels = batch(6)
    before = images.clone()
    mix(images, labels, CLASSES, config(1.0, 1.0), seed=0, epoch=0, counters=np.arange(6), progress=0.0)
    assert torch.equal(images, before)
