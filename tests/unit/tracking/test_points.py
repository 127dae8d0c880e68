"""What is sent of a calibration: of one target, and of each of several under its name."""

from sightline.tracking.points import points_of_calibration

ENTRY = {"value": 0.25, "low": 0.125, "high": 0.5}
ONE = {"temperature": 1.5, "before": {"ece": ENTRY}, "after": {"ece": ENTRY}}


def test_the_points_of_several_targets_stand_under_their_names():
    alone = {point.name: point.value for point in points_of_calibration(ONE)}
    assert alone["calibration/temperature"] == 1.5
    assert alone["calibration/before/ece_low"] == 0.125
    several = {
        point.name: point.value for point in points_of_calibration({"split": "calibration", "n": 3, "mask": ONE})
    }
    assert several == {name.replace("calibration/", "calibration/mask/"): value for name, value in alone.items()}
