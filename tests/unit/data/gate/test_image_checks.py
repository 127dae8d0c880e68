import numpy as np
import pytest

from tests.unit.data.gate.conftest import before, facts, source


@pytest.mark.parametrize("rule", ["refuse", "drop", "warn"])
def test_unreadable_images_are_never_kept(rule):
    errors = {2: "the file is empty", 7: "image file is truncated (3 bytes not processed)"}
    found, keep = before(source([0, 1] * 5), facts(10, errors=errors), unreadable=rule)
    finding = found["unreadable"]
    assert np.flatnonzero(~keep).tolist() == [2, 7]
    assert (finding.outcome, finding.policy, finding.count) == (rule, rule, 2)
    assert finding.examples == ("2.jpg", "7.jpg")
    assert "2 images are unreadable (2.jpg: the file is empty, 7.jpg: image file is truncated" in finding.message
    assert ("data.validation.unreadable=drop" in finding.message) == (rule == "refuse")
    assert ("left out" in finding.message) == (rule != "refuse")


def test_one_content_under_two_labels():
    # 0 and 1 conflict; 2 and 4 are equal but agree; 5 and 6 would conflict, but 6 cannot be read.
    hashes = {0: "x", 1: "x", 2: "y", 4: "y", 5: "z", 6: "z"}
    data = source([0, 1, 0, 1, 0, 1, 0, 0, 1, 1]), facts(10, hashes=hashes, errors={6: "broken"})
    found, keep = before(*data, label_conflicts="warn")
    assert found["label_conflicts"].examples == ("0.jpg", "1.jpg")
    assert found["label_conflicts"].outcome == "warn"
    assert np.flatnonzero(~keep).tolist() == [6]
    found, keep = before(*data, label_conflicts="drop")
    assert np.flatnonzero(~keep).tolist() == [0, 1, 6]
    found, _ = before(*data, label_conflicts="refuse")
    assert "data.validation.label_conflicts=drop" in found["label_conflicts"].message


def test_odd_modes_and_sizes():
    modes = {1: "L", 2: "P", 3: "RGBA", 4: "CMYK"}
    widths = {5: 401, 6: 400, 7: 24, 8: 25}
    found, keep = before(source([0, 1] * 10), facts(20, modes=modes, widths=widths))
    finding = found["odd_images"]
    assert finding.examples == ("1.jpg", "3.jpg", "4.jpg", "5.jpg", "7.jpg")
    assert "3 by kind of colour, 2 by a side" in finding.message
    assert "1.jpg: L 100 x 80, 3.jpg: RGBA 100 x 80, 4.jpg: CMYK 100 x 80, …" in finding.message
    assert keep.all()
    found, _ = before(source([0, 1] * 2), facts(4, modes={0: "L", 1: "I;16", 2: "1", 3: "RGB"}))
    assert found["odd_images"].examples == ("3.jpg",)
    assert "(1 by kind of colour) (3.jpg: " in found["odd_images"].message
