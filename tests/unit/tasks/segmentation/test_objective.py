"""What trains masks and what an epoch of them is measured by."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, jaccard_score
from torch import Tensor

from sightline.data.batch import Batch
from sightline.errors import RunFailedError
from sightline.tasks.objective import Loss
from sightline.tasks.segmentation.losses.cross_entropy import CrossEntropy
from sightline.tasks.segmentation.losses.dice import Dice
from sightline.tasks.segmentation.losses.weighted import WeightedSum
from sightline.tasks.segmentation.objective import SegmentationObjective
from sightline.training.precision import Precision
from sightline.training.step import train_step
from tests.unit.tasks.segmentation.losses.samples import CLASSES, IGNORE, sample

LOSS = WeightedSum([(1.0, CrossEntropy(IGNORE, label_smoothing=0.1)), (0.5, Dice(IGNORE, 1.0))])


def objective() -> SegmentationObjective:
    return SegmentationObjective(CLASSES, IGNORE, LOSS)


def with_missing(n: int) -> tuple[Tensor, Tensor]:
    """Logits and masks as the stores give them; every third image has no mask."""
    logits, masks = sample(n)
    masks[1::3] = IGNORE
    return logits, masks.to(torch.uint8)


def test_images_without_a_mask_change_nothing():
    """Neither loss nor gradient nor tally, to the bit, whatever the model says of them."""
    logits, masks = with_missing(7)
    known = torch.tensor([True, False, True, True, False, True, True])
    seen, alone = logits.clone().requires_grad_(), logits[known].clone().requires_grad_()
    losses, expected = (
        objective().train_losses(one, {"mask": mask}) for one, mask in ((seen, masks), (alone, masks[known]))
    )
    assert losses == expected
    assert losses["mask"].items == 5 == objective().labelled({"mask": masks})["mask"]
    losses["mask"].mean.backward()  # type: ignore[no-untyped-call]
    expected["mask"].mean.backward()  # type: ignore[no-untyped-call]
    assert seen.grad is not None
    assert alone.grad is not None
    assert torch.equal(seen.grad[known], alone.grad)
    assert not seen.grad[~known].any()
    one, other = objective().tally(), objective().tally()
    one.add(seen, {"mask": masks}, losses)
    other.add(alone, {"mask": masks[known]}, expected)
    assert one.metrics() == other.metrics()


def test_a_batch_without_any_mask_has_no_loss():
    logits = torch.randn(2, CLASSES, 3, 3, requires_grad=True)
    loss = objective().train_losses(logits, {"mask": torch.full((2, 3, 3), IGNORE, dtype=torch.uint8)})["mask"]
    loss.mean.backward()  # type: ignore[no-untyped-call]
    assert (loss.items, torch.zeros_like(logits).equal(logits.grad)) == (0, True)  # type: ignore[arg-type]


@pytest.mark.parametrize("micro_batches", [2, 3, 7])
def test_micro_batches_add_up_however_the_missing_masks_fall(micro_batches: int):
    found = []
    for count in (1, micro_batches):
        torch.manual_seed(0)
        model = torch.nn.Conv2d(3, CLASSES, 3, padding=1)
        batch = Batch(torch.randn(7, 3, 6, 5), {"mask": with_missing(7)[1]}, np.arange(7))
        optimizer, tally = torch.optim.SGD(model.parameters(), lr=0.1), objective().tally()
        precision = Precision("fp32", torch.device("cpu"))
        done = train_step(model, objective(), batch, count, optimizer, precision, None, tally, seed=0)
        found.append((done.loss, tally.metrics(), [parameter.detach() for parameter in model.parameters()]))
    (loss, metrics, weights), (other_loss, other_metrics, other_weights) = found
    assert loss == pytest.approx(other_loss, rel=1e-6)
    assert metrics == pytest.approx(other_metrics, rel=1e-6)
    torch.testing.assert_close(weights, other_weights, rtol=1e-5, atol=1e-7)


def test_metrics_are_those_of_all_pixels_together():
    """The last class is neither true nor predicted, so it is in no mean."""
    logits, masks = sample(5)
    logits[:, CLASSES - 1] = -100
    masks[masks == CLASSES - 1] = 0
    tally = objective().tally()
    for span in (slice(0, 2), slice(2, 5)):
        targets = {"mask": masks[span].to(torch.uint8)}
        tally.add(logits[span], targets, objective().plain_losses(logits[span], targets))
    counts = masks != IGNORE
    truth, predicted = masks[counts].numpy(), logits.argmax(dim=1)[counts].numpy()
    metrics = tally.metrics()
    assert metrics["mean_iou"] == pytest.approx(jaccard_score(truth, predicted, average="macro"), abs=1e-12)
    assert metrics["pixel_accuracy"] == pytest.approx(accuracy_score(truth, predicted), abs=1e-12)
    assert metrics["loss"] == pytest.approx(CrossEntropy(IGNORE)(logits, masks).mean().item(), rel=1e-6)


def test_a_tally_can_be_stored_taken_back_and_merged():
    logits, masks = with_missing(4)
    targets = {"mask": masks}
    tally, empty = objective().tally(), objective().tally()
    tally.add(logits, targets, objective().plain_losses(logits, targets))
    other = objective().tally()
    other.load_state_dict(tally.state_dict())
    assert other.metrics() == tally.metrics()
    merged = empty.merged([tally.state_dict(), empty.state_dict(), other.state_dict()])
    assert merged.metrics() == pytest.approx(tally.metrics())
    assert merged.state_dict()["items"] == 2 * tally.state_dict()["items"]  # type: ignore[operator]
    empty.add(logits, targets, {"mask": Loss(torch.zeros(()), 0)})
    with pytest.raises(RunFailedError, match="no image that was measured has a mask"):
        empty.metrics()
