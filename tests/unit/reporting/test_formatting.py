import pytest

from sightline.reporting import formatting

ACCURACY = {"value": 0.8788, "low": 0.8721, "high": 0.8849, "level": 0.95, "method": "wilson"}
UNDEFINED = {"value": None, "low": 0.0, "high": 1.0, "level": 0.95, "method": "undefined"}


@pytest.mark.parametrize(
    ("name", "entry", "text"),
    [
        ("accuracy", ACCURACY, "87.9 % [87.2, 88.5]"),
        ("ece", ACCURACY | {"value": 0.0123, "low": 0.0101, "high": 0.0149}, "1.23 % [1.01, 1.49]"),
        ("log_loss", ACCURACY | {"value": 0.41234, "low": 0.4, "high": 0.42}, "0.4123 [0.4000, 0.4200]"),
        ("something_new", ACCURACY, "0.8788 [0.8721, 0.8849]"),
        ("accuracy", {"value": 0.5, "low": None, "high": None}, "50.0 %"),
        ("accuracy", UNDEFINED, "–"),
        ("accuracy", None, "–"),
    ],
)
def test_an_interval_reads_as_people_write_it(name: str, entry: dict[str, float] | None, text: str):
    assert formatting.interval(name, entry) == text


def test_a_difference_has_its_sign():
    entry = {"value": 0.5, "low": 0.25, "high": 0.75}
    assert formatting.signed("log_loss", entry) == "+0.5000 [+0.2500, +0.7500]"
    assert formatting.signed("accuracy", ACCURACY) == "+87.9 [+87.2, +88.5]"
    assert formatting.signed("accuracy", entry | {"value": None}) == "– [+25.0, +75.0]"


def test_values_of_epochs_name_their_split():
    assert formatting.monitor_name("val_f1_macro") == "macro F1 on val"
    assert formatting.monitor_value("val_accuracy", 0.875) == "87.50 %"
    assert formatting.monitor_value("val_loss", 0.25) == "0.2500"
    assert formatting.monitor_difference("val_accuracy", -0.0123) == "-1.23 points"
    assert formatting.monitor_difference("val_loss", 0.5, sign="") == "0.5000"
    assert formatting.monitor_value("val_loss", None) == formatting.monitor_difference("val_loss", None) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4 s"), (48.2, "48 s"), (59.7, "1 min 00 s"), (592, "9 min 52 s"), (11100, "3 h 05 min")],
)
def test_durations(seconds: float, text: str):
    assert formatting.duration(seconds) == text


def test_a_name_from_right_to_left_turns_no_other_word():
    assert formatting.quoted("cat_猫") == "“cat_猫”"
    assert formatting.quoted("قط 7") == "“\u2068قط 7\u2069”"
