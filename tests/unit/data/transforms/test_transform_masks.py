"""Images and masks go through the same geometry: drawn so that pixel values tell the class, they must agree."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sightline.cli import compose_config
from sightline.config.transforms import TransformsConfig
from sightline.data.transforms import transform as transform_file
from sightline.data.transforms.evaluation import EvalTransform
from sightline.data.transforms.policies import apply
from sightline.data.transforms.transform import TrainTransform

MEAN, STD = (0.55, 0.55, 0.55), (0.25, 0.25, 0.25)
SIDE, IGNORED, STEP = 48, 255, 40

OFF = compose_config(["transforms=none"])["transforms"]
PARTS = {
    "none": {},
    "crop": {"crop": OFF["crop"] | {"name": "pad", "padding": 0.2}},
    "flip": {"horizontal_flip": 0.5, "vertical_flip": 0.5},
    "affine": {"affine": {"rotation": 30.0, "translate": 0.2, "scale": [0.7, 1.4], "shear": 15.0}},
    "resized": {"crop": OFF["crop"] | {"name": "resized", "scale": [0.2, 1.0]}},
    "randaugment": {"policy": OFF["policy"] | {"name": "randaugment", "operations": 3, "magnitude": 15}},
    "trivialaugment": {"policy": OFF["policy"] | {"name": "trivialaugment"}},
    "autoaugment": {"policy": OFF["policy"] | {"name": "autoaugment", "learned_on": "svhn"}},
}
LAY_BARE = {"affine", "randaugment", "trivialaugment", "autoaugment", "everything"}
PARTS["everything"] = PARTS["resized"] | PARTS["flip"] | PARTS["affine"] | PARTS["randaugment"]


def training(fit="crop", shorter=None, **changes):
    config = TransformsConfig.model_validate_json(json.dumps(OFF | changes))
    return TrainTransform(
        config,
        image_size=SIDE,
        mean=MEAN,
        std=STD,
        interpolation="bilinear",
        seed=1,
        crop_fraction=1.0 if fit == "whole" else 0.9,
        fit=fit,
        shorter=shorter,
    )


@pytest.fixture(scope="module")
def drawn():
    """40 images of three sizes with their masks: classes 0, 2 and 4 in blobs, each of its own grey."""
    generator = torch.Generator().manual_seed(0)
    images, masks = torch.zeros(40, 3, 90, 80, dtype=torch.uint8), torch.full((40, 90, 80), 99, dtype=torch.uint8)
    sizes = torch.tensor([(90, 60), (53, 53), (40, 80)] * 14, dtype=torch.int32)[:40]
    for row, (height, width) in enumerate(sizes.tolist()):
        coarse = torch.rand(1, 1, 3, 3, generator=generator)
        smooth = F.interpolate(coarse, size=(height, width), mode="bicubic")[0, 0]
        ranks = smooth.flatten().argsort().argsort().view(height, width)
        mask = (3 * ranks // (height * width) * 2).to(torch.uint8)
        masks[row, :height, :width] = mask
        images[row, :, :height, :width] = mask * STEP
    return images, masks, sizes


def pixels(normalised):
    return (normalised * STD[0] + MEAN[0]) * 255


def inner(labels):
    """Where all pixels up to two away are of one class."""
    values = labels[:, None].float()
    same = F.max_pool2d(values, 5, 1, 2) == -F.max_pool2d(-values, 5, 1, 2)
    return same[:, 0]


def disagreement(images, labels):
    """The share of inner pixels whose grey is not that of their class, and how many are inner."""
    where = inner(labels)
    expected = torch.where(labels == IGNORED, round(255 * MEAN[0]), labels.int() * STEP)
    wrong = (pixels(images)[:, 0] - expected).abs() > 2
    return wrong[where].float().mean().item(), where.float().mean().item()


@pytest.mark.parametrize("name", PARTS)
def test_image_and_mask_stay_aligned(drawn, monkeypatch, name):
    # Policies change colours too, which here would hide the class.
    monkeypatch.setattr(apply, "apply_operations", lambda pixels, _: pixels)
    transform, (images, masks, sizes) = training(**PARTS[name]), drawn
    for epoch in range(3):
        seen, labels = transform.with_masks(images, masks, sizes, epoch, np.arange(40), IGNORED)
        assert (labels.dtype, labels.shape) == (torch.uint8, (40, SIDE, SIDE))
        assert set(labels.unique().tolist()) <= {0, 2, 4, IGNORED}
        wrong, share = disagreement(seen, labels)
        assert wrong < 0.004
        assert share > 0.3
        # The measure sees a shift by three pixels, and a mirror image.
        assert disagreement(seen, labels.roll(3, dims=2))[0] > 0.02
        assert disagreement(seen, labels.flip(2))[0] > 0.3
        assert bool((labels == IGNORED).any()) == (name in LAY_BARE)


@pytest.mark.parametrize("name", ["aggressive", "randaugment", "trivialaugment", "autoaugment", "standard"])
def test_images_come_out_as_they_do_without_masks_and_colours_leave_masks_alone(drawn, name):
    config = compose_config([f"transforms={name}", "transforms.horizontal_flip=0.5"])["transforms"]
    transform, (images, masks, sizes) = training(**config), drawn
    seen, labels = transform.with_masks(images, masks, sizes, 2, np.arange(40), IGNORED)
    assert torch.equal(seen, transform(images, sizes, 2, np.arange(40)))
    plain = training(**config | {"colour": OFF["colour"], "erasing": OFF["erasing"]})
    assert torch.equal(plain.with_masks(images, masks, sizes, 2, np.arange(40), IGNORED)[1], labels)


def test_no_mask_is_that_of_an_image_which_augmix_mixed(drawn):
    images, masks, sizes = drawn
    transform = training(policy=OFF["policy"] | {"name": "augmix"})
    with pytest.raises(ValueError, match="moved differently, which have no mask"):
        transform.with_masks(images, masks, sizes, 0, np.arange(40), IGNORED)


def test_a_mask_comes_out_the_same_in_any_batch(drawn, monkeypatch):
    transform, (images, masks, sizes) = training(**PARTS["everything"]), drawn
    whole = transform.with_masks(images, masks, sizes, 0, np.arange(40), IGNORED)[1]
    order = np.random.default_rng(0).permutation(40)
    for part in np.array_split(order, 5):
        alone = transform.with_masks(images[part], masks[part], sizes[part], 0, part, IGNORED)[1]
        assert torch.equal(alone, whole[part])
    monkeypatch.setattr(transform_file, "PIXELS_AT_ONCE", 3 * SIDE**2)
    assert torch.equal(transform.with_masks(images, masks, sizes, 0, np.arange(40), IGNORED)[1], whole)


def test_padding_of_a_mask_is_never_read(drawn):
    images, masks, sizes = drawn
    for transform in (training(), training(**PARTS["everything"])):
        labels = transform.with_masks(images, masks, sizes, 0, np.arange(40), IGNORED)[1]
        assert 99 not in labels


def test_evaluation_cuts_image_and_mask_alike(drawn):
    images, masks, sizes = drawn
    transform = EvalTransform(image_size=SIDE, crop_fraction=0.9, mean=MEAN, std=STD, interpolation="bilinear")
    seen, labels = transform.with_masks(images, masks, sizes, IGNORED)
    assert torch.equal(seen, transform(images, sizes))
    assert set(labels.unique().tolist()) <= {0, 2, 4}
    wrong, share = disagreement(seen, labels)
    assert wrong < 0.004
    assert share > 0.5


def test_whole_images_are_trained_on_by_squares_from_anywhere_and_measured_as_they_are(drawn):
    images, masks, sizes = drawn
    assert {tuple(size) for size in sizes.tolist()} == {(90, 60), (53, 53), (40, 80)}, "one is lower than a square"
    transform = training("whole", 1000, crop=OFF["crop"] | {"name": "pad", "padding": 0.0})
    seen = torch.zeros(90, 60)
    places = torch.randint(256, (1, 1, 90, 60), dtype=torch.uint8).expand(1, 3, -1, -1)
    for epoch in range(30):
        squares, labels = transform.with_masks(images, masks, sizes, epoch, np.arange(40), IGNORED)
        assert (squares.shape, labels.shape) == ((40, 3, SIDE, SIDE), (40, SIDE, SIDE))
        torch.testing.assert_close(pixels(squares)[:, 0], labels.float() * STEP, rtol=0, atol=1e-3)
        assert set(labels.unique().tolist()) <= {0, 2, 4}, "what pads a batch is never read"
        cut = pixels(transform(places, sizes[:1], epoch, np.array([0])))[0, 0].round()
        (row, column), *_ = [
            (row, column)
            for row in range(90 - SIDE + 1)
            for column in range(60 - SIDE + 1)
            if torch.equal(places[0, 0, row : row + SIDE, column : column + SIDE].float(), cut)
        ]
        seen[row : row + SIDE, column : column + SIDE] += 1
    assert (seen > 0).float().mean() > 0.9, (
        "30 squares reach nearly every place of an image; the centre alone is .43 of it"
    )

    evaluation = EvalTransform(
        image_size=SIDE, crop_fraction=1.0, mean=MEAN, std=STD, interpolation="bilinear", fit="whole", shorter=1000
    )
    chosen = (sizes == sizes[2]).all(dim=1)
    whole, labels = evaluation.with_masks(images[chosen], masks[chosen], sizes[chosen], IGNORED)
    assert whole.shape[2:] == (40, 80)
    assert torch.equal(labels, masks[chosen][:, :40, :80])
    torch.testing.assert_close(pixels(whole)[:, 0], labels.float() * STEP, rtol=0, atol=1e-3)


def test_whole_images_are_only_ever_reduced(drawn):
    images, masks, sizes = drawn
    evaluation = EvalTransform(
        image_size=32, crop_fraction=1.0, mean=MEAN, std=STD, interpolation="bilinear", fit="whole"
    )
    whole, labels = evaluation.with_masks(images[:1], masks[:1], sizes[:1], IGNORED)
    assert (whole.shape[2:], labels.shape[1:]) == ((48, 32), (48, 32))
    with pytest.raises(AssertionError, match="one shape"):
        evaluation(images[:2], sizes[:2])


@pytest.mark.parametrize(("shape", "bare"), [((120, 160), 0.0), ((SIDE, 160), 0.5)])
def test_a_warp_of_a_whole_image_reads_on_beyond_the_square(shape, bare):
    """Zoomed out to half, nothing is filled where the image goes on, and half of it where it is no higher."""
    images, sizes = torch.full((16, 3, *shape), 200, dtype=torch.uint8), torch.tensor([shape]).expand(16, 2)
    crop = OFF["crop"] | {"name": "pad", "padding": 0.0}
    policy = {"affine": {"rotation": 0.0, "translate": 0.0, "scale": [0.5, 0.5], "shear": 0.0}}
    transform = training("whole", shorter=1000, crop=crop, **policy)
    seen, labels = transform.with_masks(images, torch.ones(16, *shape).byte(), sizes, 0, np.arange(16), IGNORED)
    assert torch.equal(labels == IGNORED, pixels(seen)[:, 0] < 150)
    filled = (labels == IGNORED).float().mean(dim=(1, 2))
    # Squares at the ends of an image lay bare what lies beyond its ends too.
    assert (filled <= bare).float().mean() > 0.1
    assert filled.min() == bare
    plain = training("crop", crop=crop, **policy).with_masks(
        images, torch.ones(16, *shape).byte(), sizes, 0, np.arange(16), IGNORED
    )[1]
    assert ((plain == IGNORED).float().mean(dim=(1, 2)) == 0.75).all()
