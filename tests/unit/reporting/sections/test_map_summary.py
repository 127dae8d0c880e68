"""What the report says of where maps lie."""

from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.documents.map_summary import AlarmJson, ClassPlaces, MapSummaryJson, ObjectsJson, PlaceShare
from sightline.reporting.sections.blocks import Alert, Table, Text
from sightline.reporting.sections.map_summary import MOST_ROWS, summary_blocks


def near(value: float) -> IntervalJson:
    return IntervalJson(value=value, low=value - 0.05, high=value + 0.05, level=0.95, method="jackknife")


def places(label: str | None, corner: float) -> ClassPlaces:
    shares = {"top left": corner, "border": 0.4, "centre": 0.2}
    return ClassPlaces(
        label=label,
        images=30,
        places=[PlaceShare(place=name, share=near(value), expected=0.12) for name, value in shares.items()],
    )


def summary(*alarms: AlarmJson, classes: int = 2) -> MapSummaryJson:
    rows = [places(None, 0.1), *(places(f"class {number}", 0.01 * (number % 7)) for number in range(classes))]
    return MapSummaryJson(
        method="gradcam",
        split="val",
        images=60,
        of=300,
        empty=4,
        untested=1,
        margin=0.15,
        classes=rows,
        alarms=list(alarms),
    )


MARK = AlarmJson(label="class 1", place="top left", images=30, share=0.8, expected=0.12, excess=0.5)


def test_an_alarm_comes_first_and_its_class_leads_the_table():
    alert, table = summary_blocks(summary(MARK))
    assert isinstance(alert, Alert)
    assert alert.text.startswith("80% of the mass of the maps for class 1 lies in the top left corner, where 12%")
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["all", "class 1", "class 0", "to be expected"]
    assert table.header == ["", "images", "top left %", "border %", "centre %"]
    assert table.rows[0] == ["all", "30", "10", "40", "20"]
    for said in ("60 of 300 images of val", "15%", "4 maps were empty", "1 class has too few images"):
        assert said in table.caption


def test_without_alarm_it_says_that_this_proves_little():
    table, words = summary_blocks(summary())
    assert isinstance(table, Table)
    assert isinstance(words, Text)
    assert words.soft


def test_all_classes_at_the_border_are_said_as_such():
    border = AlarmJson(label=None, place="border", images=60, share=0.9, expected=0.44, excess=0.3)
    alert, *_ = summary_blocks(summary(border))
    assert isinstance(alert, Alert)
    assert alert.text.startswith("90% of the mass of all maps lies at the border")


def test_a_thousand_classes_are_cut_to_those_that_matter():
    mark = AlarmJson(MARK, label="class 994")
    _, table = summary_blocks(summary(mark, classes=1000))
    assert isinstance(table, Table)
    assert len(table.rows) == MOST_ROWS + 2
    assert table.rows[1][0] == "class 994"
    assert f"{1000 - MOST_ROWS} more classes are in explain.json" in table.caption


def test_masks_add_pointing_game_and_energy():
    content = summary()
    content["objects"] = ObjectsJson(images=50, pointing=near(0.9), energy=near(0.7), area=0.2)
    _, words, _ = summary_blocks(content)
    assert isinstance(words, Text)
    assert "90 % (85 to 95) (pointing game)" in str(words.text)
    assert "covers 20% of them" in str(words.text)
