import re
from pathlib import Path

from sightline.reporting.formatting import number
from sightline.reporting.model_card import render_model_card
from sightline.run.folder import Run


def test_every_metric_stands_beside_its_source(finished: Run):
    card = render_model_card(finished)
    for name, entry in finished.load_json("evaluation.json")["metrics"].items():
        [row] = [line for line in card.splitlines() if f"`evaluation.json: metrics.{name}`" in line]
        assert number(name, entry["value"]) in row


def test_test_time_views_stand_apart(copy: Run):
    evaluation = copy.load_json("evaluation.json")
    metrics = {"accuracy": evaluation["metrics"]["accuracy"] | {"value": 0.98765}}
    copy.save_json("evaluation.json", evaluation | {"tta": {"views": "flip", "metrics": metrics}})
    [row] = [line for line in render_model_card(copy).splitlines() if "`evaluation.json: tta.metrics.accuracy`" in line]
    assert "98.8 %" in row


def test_slices_sets_and_unknown_images_stand_beside_their_sources(copy: Run):
    evaluation = copy.load_json("evaluation.json")
    share = evaluation["metrics"]["accuracy"]
    measured = dict.fromkeys(("auroc", "aupr_in", "aupr_out", "fpr95"), share)
    kind = {"method": "lac", "alpha": 0.1, "conditional": "marginal", "mean_size": 1.5, "single": 0.4, "empty": 0.0}
    more = {
        "slices": [{"column": "site", "value": "a", "n": 7, "accuracy": share, "difference": share}],
        "ood": {
            "data": {"name": "folder"},
            "n_known": 7,
            "n_unknown": 70,
            "n_fitted": 700,
            "scores": {"knn": measured},
        },
        "calibrated": {"metrics": {}, "null": {}, "conformal": [kind | {"coverage": share}], "selective": []},
    }
    copy.save_json("evaluation.json", evaluation | more)
    card = render_model_card(copy)
    for source in ("slices[0]", "ood.scores.knn", "calibrated.conformal[0]"):
        assert f"`evaluation.json: {source}`" in card
    assert "Told from 70 images of other data" in card


def test_every_section_names_the_files_it_was_read_from(finished: Run):
    sections = render_model_card(finished).split("\n## ")[1:]
    assert [section.split("\n")[0] for section in sections if "Not measured yet" in section] == ["Robustness"]
    for section in sections[:-1]:
        if section.startswith("Robustness"):
            continue  # a mode of its own, which this run has not seen
        sources = re.findall(r"`([\w/.]+)`", section.rsplit("Source:", 1)[1])
        assert sources
        assert all(finished.has(source) for source in sources)
    assert sections[-1].startswith("What this card does not say")


def test_what_was_not_measured_is_said(tmp_path: Path):
    card = render_model_card(Run(tmp_path))
    assert card.count("Not measured yet") == 10
    assert "writes `calibration.json`, where `data.calibration_fraction` keeps images for it." in card
    assert "mode `calibrate` writes `calibration.json`" in card
    assert not re.search(r"\d %", card), "no number without a file"


def test_names_cannot_break_the_tables(copy: Run):
    text = (copy.path / "evaluation.json").read_text()
    copy.save_text("evaluation.json", text.replace('"cat"', '"a|b *c* [x](y) <i> _d_ e_f `g`"'))
    card = render_model_card(copy)
    rows = [line for line in card.splitlines() if line.startswith("| a\\|b")]
    assert len(rows) >= 2
    for row in rows:
        assert row.startswith("| a\\|b \\*c\\* [x]\\(y) \\<i> \\_d\\_ e_f \\`g\\` |")


def test_more_than_one_use_of_the_test_labels_is_told_at_the_top(copy: Run):
    assert "Beware" not in render_model_card(copy)
    copy.append("test_ledger.jsonl", {"time": "t", "stage": "evaluate", "purpose": "again"})
    assert "used 2 times" in render_model_card(copy).split("\n## ")[0]
    assert "Looks at new answers: 2; the same answers measured again: 0." in render_model_card(copy)


def test_the_card_speaks_the_words_of_the_page(finished: Run):
    card = render_model_card(finished)
    assert "| label conflicts | warning | 2 | 2 images carry two labels |" in card


def test_only_a_model_has_a_card(tmp_path: Path):
    run = Run(tmp_path)
    run.save_json("comparison.json", {})
    assert render_model_card(run) == ""
