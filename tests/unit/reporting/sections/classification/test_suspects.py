from sightline.reporting.sections.classification.suspects import HEADER, suspect_table


def test_suspect_labels_are_cut_to_the_gravest():
    item = {"id": "a.png", "label": "cat", "rather": "dog", "label_probability": 0.001, "rather_probability": 0.98}
    rows = suspect_table({"count": 30, "items": [item] * 30}).rows
    assert rows == [["a.png", "cat", "dog", "0.10 %", "98.00 %"]] * 10
    assert len(rows[0]) == len(HEADER)
