from sightline.reporting.sections.split import HEADER, split_table


def test_split_rows_count_classes_that_have_no_image():
    split = {
        "class_names": ["a", "b", "c"],
        "counts": {"train": 3, "test": 1},
        "items": {"train": {"labels": [0, 0, 2]}, "test": {"labels": [1]}},
    }
    rows = split_table(split).rows
    assert rows[0][:5] == ["train", "3", "75.0 %", "0", "2"]
    assert rows[1][:5] == ["test", "1", "25.0 %", "0", "1"]
    assert {len(row) for row in rows} == {len(HEADER)}


def test_a_split_without_classes_has_no_sizes_of_them():
    rows = split_table({"counts": {"train": 3}, "items": {"train": {}}}).rows
    assert rows == [["train", "3", "100.0 %", "fitting the weights"]]
