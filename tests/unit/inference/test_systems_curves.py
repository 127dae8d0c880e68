"""What the curves of a run are of."""

import pytest

from sightline.inference.systems import curve_metric


@pytest.mark.parametrize(
    ("epoch", "name"),
    [
        ({"val_loss": 1.0, "val_accuracy": 0.5, "val_f1_macro": 0.4}, "accuracy"),
        ({"val_loss": 1.0, "val_mean_iou": 0.5, "val_pixel_accuracy": 0.9}, "mean_iou"),
        ({"val_mean_iou": 0.5, "val_accuracy": 0.9}, "accuracy"),
    ],
)
def test_curves_are_of_the_first_headline_that_the_epochs_hold(epoch: dict[str, float], name: str):
    assert curve_metric(epoch) == name
