import pytest

from sightline.reporting.contents import Contents
from sightline.reporting.files import CALIBRATION, EVALUATION
from sightline.reporting.sections.classification.verdict import headline, sentences, tiles
from sightline.run.folder import Run


def said(run: Run) -> list[str]:
    contents = Contents(run)
    return sentences(contents.read(EVALUATION), contents.read(CALIBRATION))


def test_says_baseline_weakest_class_and_commonest_mistake(finished: Run):
    evaluation = finished.load_json("evaluation.json")
    matrix, names = evaluation["confusion"], evaluation["class_names"]
    supports = [sum(row) for row in matrix]
    weakest = min(evaluation["per_class"], key=lambda entry: entry["f1"]["value"])
    count, truth, answer = max((matrix[i][j], i, j) for i in range(10) for j in range(10) if i != j)
    text = " ".join(said(finished))
    assert f"right for {100 * max(supports) / sum(supports):.1f} % of them" in text
    assert f"weakest on “{weakest['class']}”" in text
    assert f"{count} of {supports[truth]} images of “{names[truth]}” are taken for “{names[answer]}”" in text


def test_a_class_without_an_image_is_neither_weakest_nor_strongest(copy: Run):
    evaluation = copy.load_json("evaluation.json")
    first, *others = evaluation["per_class"]
    zero = first["f1"] | {"value": 0.0, "low": 0.0, "high": 1.0}
    copy.save_json("evaluation.json", evaluation | {"per_class": [first | {"support": 0, "f1": zero}, *others]})
    assert f"“{first['class']}” (F1" not in " ".join(said(copy))


def test_numbers_of_another_split_are_no_test_numbers(copy: Run):
    copy.save_json("evaluation.json", copy.load_json("evaluation.json") | {"split": "val"})
    assert "Test labels used" not in {tile.label for tile in tiles(Contents(copy))}


def test_undefined_numbers_are_left_out(copy: Run):
    evaluation = copy.load_json("evaluation.json")
    undefined = {"value": None, "low": None, "high": None, "level": 0.95, "method": "undefined"}
    per_class = [entry | {"f1": undefined} for entry in evaluation["per_class"]]
    copy.save_json("evaluation.json", evaluation | {"per_class": per_class, "metrics": {"f1_macro": undefined}})
    (copy.path / "calibration.json").unlink()
    contents = Contents(copy)
    assert "weakest" not in " ".join(said(copy))
    assert [tile.value for tile in tiles(contents)] == ["–", "once"]
    assert headline(contents.read(EVALUATION)) == "This run has not been evaluated yet."


@pytest.mark.parametrize(("ece", "told"), [(0.01, True), (0.02, False)])
def test_an_error_no_larger_than_chance_is_called_so(copy: Run, ece: float, told: bool):
    calibration = copy.load_json("calibration.json")
    after = {"ece": calibration["after"]["ece"] | {"value": ece}}
    copy.save_json("calibration.json", calibration | {"after": after})
    assert ("no more than chance" in said(copy)[-1]) == told


def test_the_tile_of_calibration_comes_from_the_split_of_its_neighbours(copy: Run):
    contents = Contents(copy)
    calibration, evaluation = copy.load_json("calibration.json"), copy.load_json("evaluation.json")
    [tile] = [tile for tile in tiles(contents) if "Calibration error" in tile.label]
    assert tile.remark.startswith("on 2,000 calibration images, each half at the temperature of the other")
    entry = calibration["after"]["ece"] | {"value": 0.5}
    measured = {"before": {"ece": entry}, "metrics": {"ece": entry}, "null": {"ece": 0.1}}
    copy.save_json("evaluation.json", evaluation | {"calibrated": measured})
    [tile] = [tile for tile in tiles(Contents(copy)) if "Calibration error" in tile.label]
    assert tile.remark == f"on {evaluation['n']:,} test images; perfect calibration would show 10.00 %"
    assert "on 2,000 test images" in said(copy)[-1]


def test_too_few_images_for_a_temperature_are_told(copy: Run):
    fit = {"value": 1.0, "few": True, "n": 12, "n_groups": None}
    copy.save_json("calibration.json", copy.load_json("calibration.json") | {"temperature_fit": fit})
    assert said(copy)[-1] == "The temperature stays at 1: 12 images are too few to tell much of it."


def test_validation_images_chose_the_epoch(copy: Run):
    copy.save_json("evaluation.json", copy.load_json("evaluation.json") | {"split": "val"})
    text = " ".join(said(copy))
    assert "played no part" not in text
    assert "images that chose the epoch, so it flatters" in text
    assert "of the validation images correctly" in headline(Contents(copy).read(EVALUATION))


def test_of_another_tools_model_nobody_claims_what_it_has_seen(copy: Run):
    copy.save_json("external.json", {})
    contents = Contents(copy)
    evaluation = contents.read(EVALUATION)
    text = " ".join([headline(evaluation, contents.external), *sentences(evaluation, None, contents.external)])
    assert "of these images correctly" in text
    assert "whether they played a part in its training is not known here" in text
    assert "unseen" not in text


def counted(matrix: list[list[int]], f1: list[float]) -> list[str]:
    """The sentences about classes and mistakes of an evaluation."""
    names = [f"c{index}" for index in range(len(f1))]
    limits = {"level": 0.95, "method": "Wilson"}
    per_class = [
        {"class": name, "support": sum(row), "f1": {"value": value, "low": 0.0, "high": 1.0, **limits}}
        for name, row, value in zip(names, matrix, f1, strict=True)
    ]
    metrics = {"f1_macro": {"value": 0.5, "low": 0.4, "high": 0.6, **limits}}
    evaluation = {"split": "test", "n": 90, "metrics": metrics, "per_class": per_class, "class_names": names}
    return sentences(evaluation | {"confusion": matrix}, None)[1:]


def test_ties_are_told_as_ties():
    """Neither weakest nor strongest nor most frequent is what others are as well."""
    assert counted([[27, 3], [3, 27]], [0.9, 0.9]) == [
        "No class is weaker than another: both have an F1 of 90.0 %.",
        "One of its 2 most frequent mistakes: 3 of 30 images of “c0” are taken for “c1”.",
    ]
    assert counted([[0, 1, 2], [0, 0, 3], [0, 1, 9]], [0.0, 0.0, 0.8]) == [
        "It is weakest on “c0” (F1 0.0 %, one of 2 such classes) and strongest on “c2” (80.0 %).",
        "Its most frequent mistake: 3 of 3 images of “c1” are taken for “c2”.",
    ]
    assert counted([[9, 0, 1], [0, 9, 0], [0, 0, 9]], [0.9, 1.0, 1.0]) == [
        "It is weakest on “c0” (F1 90.0 %) and strongest on “c2” (100.0 %, one of 2 such classes).",
        "Its most frequent mistake: 1 of 10 images of “c0” is taken for “c2”.",
    ]


def test_a_temperature_that_stays_at_one_changes_nothing(copy: Run):
    calibration = copy.load_json("calibration.json")
    for temperature, told in ((1.0, False), (1.5, True)):
        copy.save_json("calibration.json", calibration | {"temperature": temperature})
        assert (" before)" in " ".join(said(copy))) == told
