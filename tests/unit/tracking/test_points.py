"""What is sent of a calibration, of one target and of several under their names, and of explanations."""

from sightline.tracking.points import points_of_calibration, points_of_explanation

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


def test_the_quality_of_maps_is_sent_by_method_and_files_without_it_send_nothing():
    way = {"over_random": ENTRY, "over_edges": ENTRY}
    method = {
        "name": "gradcam",
        "removal": {"blur": {"deletion": way}},
        "random_weights": {"layers": ["head", "stem"], "correlations": [{"value": 0.75}, ENTRY]},
        "completeness": {"complete": ENTRY},
    }
    found = {point.name: point.value for point in points_of_explanation({"quality": {"methods": [method]}})}
    assert found["explain/gradcam/deletion_blur_over_random"] == 0.25
    assert found["explain/gradcam/deletion_blur_over_edges_high"] == 0.5
    assert found["explain/gradcam/random_weights"] == 0.25
    assert found["explain/gradcam/complete_low"] == 0.125
    assert not list(points_of_explanation({"method": "gradcam", "items": []}))


def test_where_maps_lie_is_sent_of_all_classes_together():
    def places(label: str | None, share: float) -> dict[str, object]:
        return {"label": label, "places": [{"place": "top left", "share": ENTRY | {"value": share}, "expected": 0.1}]}

    summary = {
        "classes": [places(None, 0.3), places("ants", 0.9)],
        "alarms": [{"label": "ants"}],
        "objects": {"images": 3, "pointing": ENTRY, "energy": ENTRY, "area": 0.25},
    }
    found = {point.name: point.value for point in points_of_explanation({"summary": summary})}
    ends = {"": 0.25, "_low": 0.125, "_high": 0.5}
    objects = {f"explain/objects/{name}{end}": at for name in ("pointing", "energy") for end, at in ends.items()}
    corner = {"explain/places/top_left": 0.3, "explain/places/top_left_low": 0.125, "explain/places/top_left_high": 0.5}
    assert found == {**corner, **objects, "explain/alarms": 1}
    del summary["objects"]
    assert {point.name for point in points_of_explanation({"summary": summary})} == {*corner, "explain/alarms"}
