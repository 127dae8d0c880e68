from sightline.data.gate.findings import Wording
from sightline.data.gate.findings import finding as make_finding
from tests.unit.data.gate.conftest import after, before, facts, source, split


def test_clean_data_pass_every_check():
    found, keep = before(source([0, 1] * 5), facts(10))
    assert list(found) == ["unreadable", "label_conflicts", "odd_images"]
    assert keep.all()
    more, kept = after(split(["train", "train", "val", "val", "calibration", "calibration", "test", "test"]))
    assert kept.all()
    for finding in (found | more).values():
        assert (finding.outcome, finding.count, finding.examples) == ("pass", 0, ())
        assert finding.message


def test_long_lists_are_cut():
    found, _ = before(source([0, 1] * 50), facts(100, errors=dict.fromkeys(range(40), "broken")))
    assert len(found["unreadable"].examples) == 10
    assert found["unreadable"].message.count("broken") == 3
    assert ", …)" in found["unreadable"].message
    assert found["unreadable"].message.startswith("40 images")


def test_a_name_with_a_tab_is_spelled_out():
    found = make_finding("odd", "warn", ["tab\tx in val"], Wording("fine", "1 class is odd", "look"))
    assert found.message == "1 class is odd (tab\\tx in val); look"
    assert found.examples == ("tab\tx in val",), "files hold the name itself"
