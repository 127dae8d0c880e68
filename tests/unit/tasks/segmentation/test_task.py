"""What the task of masks says of data, and what it makes of a configuration."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.targets import MASK
from sightline.errors import UsageError
from sightline.tasks.class_weights import class_weights
from sightline.tasks.segmentation.losses.cross_entropy import CrossEntropy
from sightline.tasks.segmentation.pixels import class_pixels
from sightline.tasks.segmentation.task import Segmentation
from tests.unit.tasks.segmentation.conftest import changed

Shapes = tuple[Config, Dataset]


def test_it_has_a_logit_for_each_class_of_the_masks(shapes: Shapes):
    task = Segmentation.of_split(shapes[1].split)
    assert task.names == ("background", "circle", "square", "star", "triangle")
    assert (task.heads, task.ignore_index, task.colours) == ({MASK: 5}, 255, None)
    drawn = replace(shapes[1].split.targets[MASK], colours=(1, 2, 3, 4, 5))
    assert Segmentation.of_split(replace(shapes[1].split, targets={MASK: drawn})).colours == drawn.colours
    without = replace(shapes[1].split, targets={"label": shapes[1].split.targets["label"]})
    with pytest.raises(UsageError, match="the data have no masks to learn; take data="):
        Segmentation.of_split(without)


def test_pixels_are_counted_on_the_masks_of_train_alone(shapes: Shapes):
    config, dataset = shapes
    positions, task = dataset.split.positions("train"), Segmentation.of_split(dataset.split)
    assert dataset.masks is not None
    masks = dataset.masks.batch(dataset.rows[positions], 32, 32)
    counts = class_pixels(dataset, positions, 5)
    assert counts.tolist() == torch.bincount(masks.flatten(), minlength=5).tolist()
    assert counts.sum() < 12 * 32 * 32
    objective = task.objective(changed(config, "segmentation", class_weights="inverse"), dataset, positions)
    logits, targets = torch.randn(len(positions), 5, 32, 32), {MASK: masks}
    weights = torch.from_numpy(class_weights("inverse", 0.0, counts)).float()
    only = config.segmentation.loss.model_copy(update={"dice": 0.0})
    alone = changed(config, "segmentation", class_weights="inverse", loss=only)
    found = task.objective(alone, dataset, positions).train_losses(logits, targets)[MASK].mean
    torch.testing.assert_close(found, CrossEntropy(255, weights)(logits, masks.long()).mean())
    assert objective.train_losses(logits, targets)[MASK].mean > found, "Dice comes on top"


def test_a_list_of_weights_has_one_for_each_class(shapes: Shapes):
    config, dataset = shapes
    task, train = Segmentation.of_split(dataset.split), dataset.split.positions("train")
    task.objective(changed(config, "segmentation", class_weights=(1.0, 2.0, 2.0, 2.0, 2.0)), dataset, train)
    with pytest.raises(
        UsageError, match=r"^segmentation\.class_weights has 2 numbers for 5 classes: background, circle, sq"
    ):
        task.objective(changed(config, "segmentation", class_weights=(1.0, 2.0)), dataset, train)


def test_a_confusion_of_each_image_is_collected(shapes: Shapes):
    task = Segmentation.of_split(shapes[1].split)
    masks = torch.randint(0, 5, (2, 32, 32), dtype=torch.uint8)
    logits = torch.nn.functional.one_hot(masks.long(), 5).movedim(3, 1).float()
    found = task.read_predictions(task.collector().collect(["a", "b"], logits, {MASK: masks}).to_arrays())
    assert (found.confusions.sum(axis=(1, 2)) == 32 * 32).all()
    assert np.trace(found.confusions.sum(axis=0)) == 2 * 32 * 32


def test_of_new_images_the_class_that_most_pixels_are_called_is_explained(shapes: Shapes):
    task = Segmentation.of_split(shapes[1].split)
    logits = torch.zeros(2, 5, 4, 4)
    logits[0, 3, 0, 0] = logits[1, 0] = 1
    assert task.explained(shapes[0], logits)[0].tolist() == [3, 0]
    star = changed(shapes[0], "explain", mask_class="star")
    assert task.explained(star, logits)[0].tolist() == [3, 3]
