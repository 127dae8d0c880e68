"""What speaks against maps is said, and only where it does."""

from sightline.metrics.documents.explanation import MapQuality, QualityJson
from sightline.metrics.documents.interval import IntervalJson
from sightline.reporting.sections.blocks import Alert, Table, Text
from sightline.reporting.sections.map_quality import quality_blocks, verdicts


def entry(value: float, low: float, high: float) -> IntervalJson:
    return {"value": value, "low": low, "high": high, "level": 0.95, "method": "jackknife"}


def quality(over_random: IntervalJson, over_edges: IntervalJson, last: float) -> MapQuality:
    share = entry(0.4, 0.3, 0.5)
    way = {"own": share, "random": share, "edges": share, "beaten": share}
    one = {**way, "over_random": over_random, "over_edges": over_edges}
    stages = [entry(0.9, 0.8, 1.0), entry(last, last - 0.1, last + 0.1)]
    return {
        "name": "gradcam",
        "removal": {fill: {"deletion": one, "insertion": one} for fill in ("blur", "mean")},
        "random_weights": {"layers": ["head", "stem"], "correlations": stages},
    }


ABOVE, AROUND = entry(0.2, 0.1, 0.3), entry(0.02, -0.1, 0.1)


def test_good_maps_are_not_blamed():
    assert not list(verdicts("Grad-CAM", quality(ABOVE, ABOVE, 0.1)))


def test_each_failing_has_its_sentence():
    (no_better,) = verdicts("Grad-CAM", quality(AROUND, AROUND, 0.1))
    assert "not shown to be better than random maps" in no_better
    (edges,) = verdicts("Grad-CAM", quality(ABOVE, AROUND, 0.1))
    assert "edges" in edges
    (weights,) = verdicts("Grad-CAM", quality(ABOVE, ABOVE, 0.64))
    assert "correlation 0.64" in weights


def test_the_tables_say_every_number_once_and_a_fill_that_hides_little_is_named():
    content: QualityJson = {
        "images": 24,
        "random_maps": 20,
        "steps": 5,
        "passes": 238,
        "untouched": entry(0.99, 0.98, 1.0),
        "left": {"blur": entry(0.7, 0.6, 0.8), "mean": entry(0.1, 0.0, 0.2)},
        "methods": [quality(ABOVE, ABOVE, 0.1)],
        "alike": [{"methods": ["gradcam", "rise"], "correlation": entry(0.5, 0.4, 0.6)}],
    }
    complete = entry(0.9, 0.8, 0.95)
    content["methods"][0]["completeness"] = {"complete": complete, "tolerance": 0.01, "largest": 0.042, "steps": 1296}
    found = list(quality_blocks(content, {"gradcam": "Grad-CAM"}))
    assert not any(isinstance(block, Alert) for block in found)
    removal, weights, alike = (block for block in found if isinstance(block, Table))
    assert [row[1:3] for row in removal.rows] == [
        ["removed", "blur"], ["removed", "mean"], ["inserted", "blur"], ["inserted", "mean"],
    ]  # fmt: skip
    assert removal.rows[0][3:] == ["40.0", "40.0", "40.0", "+20.0 [+10.0, +30.0]", "+20.0 [+10.0, +30.0]"]
    assert weights.rows == [["Grad-CAM", "0.10 [0.00, 0.20]", "0.90 from head, 0.10 from stem"]]
    assert alike.rows == [["Grad-CAM and rise", "0.50 [0.40, 0.60]"]]
    text, sums = (block for block in found if isinstance(block, Text))
    assert "70.0 % with blur" in str(text.text)
    assert "With blur little of the answer can be lost" in str(text.text)
    assert "within 1 % for 90.0 % [80.0, 95.0] of the images, in at most 1,296 steps" in str(sums.text)
    assert "largest miss is 4.2 %" in str(sums.text)
