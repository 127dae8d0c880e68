"""Masks are compared by the metric that is configured, and of label and mask the metric says which."""

import numpy as np
import pytest

from sightline.cli import compose_config
from sightline.config import parse
from sightline.errors import UsageError
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.tasks.multitask.predictions import MultitaskPredictions
from sightline.tasks.multitask.task import Multitask
from sightline.tasks.results import Entrant
from sightline.tasks.segmentation.task import Segmentation
from tests.unit.tasks.segmentation.conftest import changed

CONFIG = parse.parse(compose_config(["mode=compare", "run=[a,b]"]))
IDS = np.array([f"image{index}" for index in range(20)])


def masks(wrong: int) -> MaskPredictions:
    confusions = np.tile(np.array([[50, 0], [0, 30]]), (20, 1, 1))
    confusions[:, 0] = [50 - wrong, wrong]
    none = np.zeros(0, dtype=np.int64)
    return MaskPredictions(IDS, confusions, np.zeros(20, int), np.zeros((0, 2), np.float32), none, none)


def both(wrong: int) -> MultitaskPredictions:
    """Labels of all but the first image, of which as many are wrong."""
    labels = np.where(np.arange(20) == 0, -1, np.arange(20) % 2)
    answers = np.where(np.arange(20) < 1 + wrong, 1 - labels, labels)
    logits = np.eye(2, dtype=np.float32)[np.clip(answers, 0, 1)]
    return MultitaskPredictions(IDS, logits, labels, masks(wrong))


def entrants(make, groups=None) -> list[Entrant]:
    return [Entrant(name, [make(wrong)], groups, None) for name, wrong in (("a", 1), ("b", 5))]


def test_masks_are_compared_by_the_mean_iou_unless_another_is_named():
    found = Segmentation.compare(CONFIG, entrants(masks))
    assert (found["metric"], found["n"]) == ("mean_iou", 20)
    assert [row["name"] for row in found["ranking"]] == ["a", "b"]
    named = Segmentation.compare(changed(CONFIG, "compare", metric="image_dice"), entrants(masks))
    assert named["metric"] == "image_dice"
    for metric in ("f1_macro", "accuracy"):
        with pytest.raises(UsageError, match=rf"compare\.metric={metric} is no metric of masks; it takes mean_iou, "):
            Segmentation.compare(changed(CONFIG, "compare", metric=metric), entrants(masks))


@pytest.mark.parametrize(("metric", "n"), [("accuracy", 19), ("pixel_accuracy", 20), ("auto", 19)])
def test_of_label_and_mask_the_metric_says_which(metric: str, n: int):
    groups = np.array([f"g{index // 4}" for index in range(20)])
    found = Multitask.compare(changed(CONFIG, "compare", metric=metric), entrants(both, groups))
    assert (found["metric"], found["n"]) == ("accuracy" if metric == "auto" else metric, n)
    assert any("5 groups" in note for note in found["notes"])
