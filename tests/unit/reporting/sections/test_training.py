import pytest

from sightline.reporting.contents import Contents
from sightline.reporting.sections.training import blocks, epochs, kept_epoch, training_facts
from sightline.run.folder import Run


@pytest.mark.parametrize(
    ("monitor", "values", "kept"),
    [("val_loss", [3.0, 1.0, 1.0, 2.0], 1), ("val_accuracy", [0.1, 0.9, 0.9, 0.5], 1), ("val_f1_macro", [0.1, 0.2], 1)],
)
def test_the_kept_epoch_is_the_earliest_best(monitor: str, values: list[float], kept: int):
    rows = [{"epoch": epoch, monitor: value} for epoch, value in enumerate(values)]
    assert kept_epoch(rows, monitor) == rows[kept]
    assert kept_epoch([{"epoch": 0}], monitor) is None


def test_epochs_count_from_one_and_it_is_said_why_one_was_kept(contents: Contents):
    facts = dict(training_facts(contents).pairs)
    best = min(epochs(contents), key=lambda row: row["val_loss"])
    assert facts["Epochs"] == "14 of 20 allowed"
    assert facts["Best epoch"].startswith(f"{int(best['epoch']) + 1}: lowest val_loss, validation accuracy 87.3 %")
    assert facts["Time"] == "9 min 47 s (42 s an epoch)"


def test_settings_alone_are_no_training(copy: Run):
    (copy.path / "metrics.jsonl").unlink()
    copy.append("metrics.jsonl", {"kind": "step", "epoch": 0, "step": 0, "loss": 0.0})
    assert list(blocks(Contents(copy))) == []


@pytest.mark.parametrize(
    ("soup", "words"),
    [
        (None, "those of the best epoch"),
        ({"epochs": [4, 2], "taken": True}, "the average of epochs 5, 3"),
        ({"epochs": [4], "taken": False}, "no average with other epochs was better"),
    ],
)
def test_whose_weights_were_kept(copy: Run, soup: dict[str, object] | None, words: str):
    if soup:
        copy.save_json("soup.json", soup)
    assert words in dict(training_facts(Contents(copy)).pairs)["Weights kept"]


def test_the_epoch_of_another_task_is_told_without_accuracy(copy: Run):
    copy.save_text("config.yaml", "model: {name: unet}\n")
    assert dict(training_facts(Contents(copy)).pairs)["Best epoch"].endswith(": lowest val_loss")


@pytest.mark.parametrize(
    ("adversarial", "told"),
    [
        ("{name: pgd, norm: linf, budget: 8.0, steps: 7}", "pgd within 8/255 (linf), steps: 7"),
        ("{name: none, norm: linf, budget: 8.0, steps: 7}", None),
        ("null", None),
    ],
)
def test_attacks_while_training_are_told(copy: Run, adversarial: str, told: str | None):
    copy.save_text("config.yaml", f"model: {{name: cnn}}\ntraining: {{adversarial: {adversarial}}}\n")
    assert dict(training_facts(Contents(copy)).pairs).get("Adversarial training") == told
