"""Every strategy, crop and fit as it is used: a mask drawn into its image is found there where the mask says.

Colours are changed too, so a shape is read by what is brighter or darker than the middle of its own image.
"""

import json

import numpy as np
import pytest
import torch

from sightline.cli import compose_config
from sightline.config.transforms import TransformsConfig
from sightline.data.sources.shapes import SHAPES, draw
from sightline.data.transforms.evaluation import EvalTransform
from sightline.data.transforms.transform import TrainTransform

MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
SIDE, IGNORED, COUNT = 64, 255, 18
SIZES = [(110, 80), (75, 75), (70, 120)]
GROUND, SHAPE = 60, 190
FITS = ("crop", "letterbox", "squash", "whole")
STRATEGIES = ("none", "standard", "randaugment", "trivialaugment", "aggressive")
CROPS = ("none", "pad", "resized")


@pytest.fixture(scope="module")
def drawn():
    """Images of three sizes, grey shapes on a grey ground, and their masks, padded with what nobody may read."""
    names = tuple(sorted(SHAPES))
    masks = torch.full((COUNT, 110, 120), 99, dtype=torch.uint8)
    images = torch.full((COUNT, 3, 110, 120), 255, dtype=torch.uint8)
    for number in range(COUNT):
        height, width = SIZES[number % 3]
        mask = torch.from_numpy(draw(number, 0, names, (height, height), (width, width)).mask > 0).to(torch.uint8)
        masks[number, :height, :width] = mask
        images[number, :, :height, :width] = GROUND + (SHAPE - GROUND) * mask
    return images, masks, torch.tensor(SIZES * (COUNT // 3), dtype=torch.int32)


def training(*words, fit="crop"):
    config = compose_config(list(words))["transforms"]
    flips = {"horizontal_flip": 0.5 if config["horizontal_flip"] == "auto" else config["horizontal_flip"]}
    return TrainTransform(
        TransformsConfig.model_validate_json(json.dumps(config | flips)),
        image_size=SIDE, mean=MEAN, std=STD, interpolation="bilinear", seed=7,
        crop_fraction=1.0 if fit == "whole" else 0.9, fit=fit, shorter=1000 if fit == "whole" else None,
    )  # fmt: skip


def overlaps(images, masks):
    """The IoU of each shape with what is read of it in its image, where both hold enough of shape and ground to tell.

    Returns:
        The overlaps, and the share of images of which nothing could be read.
    """
    found, unread, told = [], 0, 0
    for image, mask in zip(images, masks, strict=True):
        grey = image.mean(dim=0)
        counts = (mask != IGNORED) & (image != 0).any(dim=0)  # erased parts, like bars, are of the mean colour
        truth = mask[counts] == 1
        if not 0.08 < truth.float().mean() < 0.92:
            continue
        told += 1
        low, high = grey[counts].quantile(torch.tensor([0.06, 0.94]))
        if high - low < 0.1:
            unread += 1
            continue
        bright = grey[counts] > (low + high) / 2
        both = [((seen & truth).sum() / (seen | truth).sum()).item() for seen in (bright, ~bright)]
        found.append(max(both))
    return np.array(found), unread / max(1, told)


def check(transform, drawn, most_unread=0.0):
    images, masks, sizes = drawn
    seen, labels = transform.with_masks(images, masks, sizes, 1, np.arange(COUNT), IGNORED)
    assert set(labels.unique().tolist()) <= {0, 1, IGNORED}
    found, unread = overlaps(seen, labels)
    assert len(found) > COUNT / 2
    assert unread <= most_unread
    # Shapes are some thirty pixels wide, and the nearest pixel is half a pixel off at most along their edges.
    assert found.mean() > 0.93
    assert found.min() > 0.8
    # No better by a single pixel in any direction, and the measure sees a mirror image.
    for step, axis in ((1, 1), (-1, 1), (1, 2), (-1, 2)):
        assert overlaps(seen, labels.roll(step, dims=axis))[0].mean() < found.mean() - 0.01
    assert overlaps(seen, labels.flip(2))[0].mean() < 0.7


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_moves_image_and_mask_alike(drawn, strategy, fit):
    # A policy may take all contrast away: solarize at its strongest, brightness and contrast of nearly nothing.
    policy = strategy in {"randaugment", "trivialaugment"}
    check(training(f"transforms={strategy}", fit=fit), drawn, most_unread=0.15 if policy else 0.0)


def test_autoaugment_moves_image_and_mask_alike(drawn):
    """Whole images, which no resizing blurs; equalizing widens blurred rims, which hides what is compared here."""
    check(training("transforms=autoaugment", fit="whole"), drawn, most_unread=0.15)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("crop", CROPS)
def test_every_crop_moves_image_and_mask_alike(drawn, crop, fit):
    more = ("transforms.vertical_flip=0.5", "transforms.affine.shear=10", "transforms.affine.translate=0.1")
    check(training("transforms=none", f"transforms.crop.name={crop}", *more, fit=fit), drawn)


@pytest.mark.parametrize("fit", ["crop", "letterbox", "squash"])
def test_evaluation_moves_image_and_mask_alike(drawn, fit):
    images, masks, sizes = drawn
    transform = EvalTransform(image_size=SIDE, crop_fraction=0.9, mean=MEAN, std=STD, interpolation="bilinear", fit=fit)
    found, unread = overlaps(*transform.with_masks(images, masks, sizes, IGNORED))
    assert unread == 0
    assert found.min() > 0.9
