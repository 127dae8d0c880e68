"""Every corruption: pixels hang on id, corruption, severity and seed alone, and do not get better as a rule."""

import numpy as np
import pytest
import torch
from torch import Tensor

from sightline.config.robustness import CORRUPTIONS, Constants, CorruptionName
from sightline.robustness.corruptions import corrupt as module
from sightline.robustness.corruptions.constants import TABLES, constants_for
from sightline.robustness.corruptions.corrupt import corrupt

IDS = [f"folder/{number}.png" for number in range(7)]


def scenes(height: int = 32, width: int = 32) -> Tensor:
    """(7, 3, height, width) smooth gradients with bright bars on them."""
    rng = np.random.default_rng(0)
    down, across = np.mgrid[:height, :width]
    images = np.empty((len(IDS), 3, height, width))
    for image in images:
        for channel in image:
            a, b, c = rng.uniform(0.2, 3, 3)
            channel[:] = 110 + 60 * np.sin(a * down / height * 6 + c) + 60 * np.cos(b * across / width * 6)
        at = int(rng.integers(2, height - 8))
        image[:, at : at + 4, 3:-3] = rng.uniform(0, 255, (3, 1, 1))
    return torch.from_numpy(images.clip(0, 255).astype(np.uint8))


def changed(images: Tensor, name: CorruptionName, severity: int, constants: Constants, **how: object) -> Tensor:
    ids = how.get("ids", IDS)
    assert isinstance(ids, list)
    return corrupt(images, ids, name, severity, seed=int(str(how.get("seed", 0))), constants=constants)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("constants", ["cifar", "imagenet"])
def test_an_image_is_the_same_in_any_company(
    name: CorruptionName, constants: Constants, monkeypatch: pytest.MonkeyPatch
):
    images, order = scenes(), [5, 2, 6, 0, 1, 4, 3]
    together = changed(images, name, 4, constants)
    assert together.dtype == torch.uint8
    assert together.shape == images.shape
    shuffled = changed(images[order], name, 4, constants, ids=[IDS[place] for place in order])
    assert torch.equal(shuffled, together[order])
    alone = [changed(images[place : place + 1], name, 4, constants, ids=[IDS[place]]) for place in (0, 3, 6)]
    assert torch.equal(torch.cat(alone), together[[0, 3, 6]])
    monkeypatch.setattr(module, "AT_ONCE", 2 * 32 * 32)
    assert torch.equal(changed(images, name, 4, constants), together), "the parts it is worked on in change nothing"


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_threads_and_layout_change_nothing(name: CorruptionName):
    images, threads = scenes(), torch.get_num_threads()
    before = changed(images, name, 2, "imagenet")
    try:
        torch.set_num_threads(2 if threads == 1 else 1)
        last = images.contiguous(memory_format=torch.channels_last)
        assert torch.equal(changed(last, name, 2, "imagenet"), before)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_any_shape(name: CorruptionName):
    for height, width in ((8, 8), (9, 31), (40, 17)):
        images = scenes(16, 16)[:2, :, :1, :1].expand(2, 3, height, width).clone()
        for constants in TABLES:
            assert changed(images, name, 5, constants, ids=IDS[:2]).shape == images.shape


RANDOM = {"gaussian_noise", "shot_noise", "impulse_noise", "glass_blur", "motion_blur", "snow", "frost", "fog"} | {
    "elastic_transform"
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_another_seed_or_id_is_another_draw(name: CorruptionName):
    images = scenes()
    one, other_seed = (changed(images, name, 3, "imagenet", seed=seed) for seed in (0, 1))
    other_ids = changed(images, name, 3, "imagenet", ids=[f"x{one}" for one in IDS])
    assert torch.equal(one, other_seed) == (name not in RANDOM)
    assert torch.equal(one, other_ids) == (name not in RANDOM)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("constants", ["cifar", "imagenet"])
def test_every_severity_changes_pixels(name: CorruptionName, constants: Constants):
    images = scenes()
    for severity in range(1, 6):
        error = (changed(images, name, severity, constants).double() - images.double()).square().mean().sqrt()
        assert 0.5 < error < 140, severity


def test_black_and_white_images_are_no_trouble():
    for value in (0, 255):
        images = torch.full((1, 3, 16, 16), value, dtype=torch.uint8)
        for name in CORRUPTIONS:
            assert changed(images, name, 5, "imagenet", ids=["one"]).shape == images.shape


def test_the_table_follows_the_side():
    assert [constants_for(side) for side in (16, 64, 65, 224)] == ["cifar", "cifar", "imagenet", "imagenet"]


def test_what_is_no_batch_of_pixels_is_refused():
    images = scenes()
    for wrong in (images.float(), images[0], images[:, :1]):
        with pytest.raises(ValueError, match=r"it takes uint8 \(B, 3, H, W\), an id each"):
            corrupt(wrong, IDS, "fog", 1, seed=0, constants="cifar")
    with pytest.raises(ValueError, match="6 ids"):
        corrupt(images, IDS[:6], "fog", 1, seed=0, constants="cifar")
    assert corrupt(images[:0], [], "fog", 1, seed=0, constants="cifar").shape == (0, 3, 32, 32)
