"""Runs are compared by what mode `robustness` measured: values are those of `robustness.json`, pairs are by image."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sightline.config.columns import Column
from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.systems import ExternalPredictions, TrainedRuns
from sightline.metrics.comparison.paired import mcnemar, score_test
from sightline.run.ledger import LEDGER, new_looks, note_test_use, note_test_uses
from sightline.stages.columns.compared import Outcome, compare_by
from tests.unit.stages.columns.conftest import Make, Said, of_model


def by(column: str, *systems: tuple[Said, ...], config: Config | None = None) -> Outcome:
    """Systems a, b, … of these runs, compared by a column."""
    found = [TrainedRuns(name, tuple(one.run for one in said)) for name, said in zip("abc", systems, strict=False)]
    base = config or of_model("cnn")
    config = base.model_copy(update={"compare": base.compare.model_copy(update={"resamples": 200})})
    return compare_by(Column.parse(column), config, found)


def stacked(said: Said, *names: str) -> np.ndarray:
    """(n, conditions) of the label under some corruptions."""
    return np.stack([one["label"] for key, one in said.scores.items() if key[0] in names], axis=1)


def test_a_mean_is_that_of_robustness_json(make: Make):
    a, b = make("a", 1), make("b", 2, 0.6)
    for column, names in (("mean", ("fog", "contrast")), ("fog", ("fog",)), ("clean", ("clean",))):
        found = by(f"robustness/{column}", (a,), (b,)).found
        assert (found["n"], found["metric"]) == (60, f"robustness/label/{column}")
        for said, row in zip((a, b), found["systems"], strict=True):
            target = said.run.load_json("robustness.json")["corruptions"]["targets"]["label"]
            listed = {one["corruption"]: one["score"] for one in target["corruptions"]} | {"mean": target["mean"]}
            assert row["value"] == pytest.approx(stacked(said, *names).mean())
            if column in listed:
                assert {key: row[key] for key in ("value", "low", "high")} == pytest.approx(
                    {key: listed[column][key] for key in ("value", "low", "high")}
                )
        (pair,) = found["pairs"]
        assert pair["difference"] == pytest.approx(stacked(a, *names).mean() - stacked(b, *names).mean())
        assert pair["low"] < pair["difference"] < pair["high"]


def test_right_or_wrong_is_judged_by_mcnemar_and_tango(make: Make):
    a, b = make("a", 1, 0.9), make("b", 2, 0.6)
    (pair,) = by("robustness/fog_5", (a,), (b,)).found["pairs"]
    ours, theirs = (one.scores["fog", 5]["label"] == 1 for one in (a, b))
    counts = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    assert pair["method"] == "McNemar, Tango"
    assert pair["p_value"] == pytest.approx(max(mcnemar(*counts), score_test(*counts)))
    (of_mean,) = by("robustness/fog", (a,), (b,)).found["pairs"]
    assert of_mean["method"] == "paired jackknife, swaps"


def test_what_no_attack_breaks_is_robust_and_wrong_images_count_as_broken(make: Make):
    a, b = make("a", 1), make("b", 2)
    for name in ("fgsm", "square"):
        found = by(f"robustness/{name}", (a,), (b,)).found
        assert [row["value"] for row in found["systems"]] == pytest.approx([one.robust[name].mean() for one in (a, b)])
    outcome = by("robustness/worst", (a,), (b,))
    for said, row in zip((a, b), outcome.found["systems"], strict=True):
        told = said.run.load_json("robustness.json")["attacks"]["worst"]["of_all"]
        assert row["value"] == pytest.approx((said.robust["fgsm"] & said.robust["square"]).mean())
        assert {key: row[key] for key in ("value", "low", "high")} == {
            key: told[key] for key in ("value", "low", "high")
        }
    assert "wrong as it is counts as broken" in outcome.found["notes"][0]
    assert {path.name for path in outcome.files} == {"attack_fgsm.npz", "attack_square.npz", "attack_checks.npz"}


@pytest.mark.parametrize(("column", "sizes"), [("shift", (1, 2)), ("shift_2", (2,)), ("rotation_5", (5,))])
def test_moves_are_compared_by_the_share_of_ways_that_are_right(make: Make, column: str, sizes: tuple[int, ...]):
    a, b = make("a", 1), make("b", 2)
    found = by(f"robustness/{column}", (a,), (b,)).found
    kind = column.partition("_")[0]
    means = [np.mean([one.scores[kind, size]["label"] for size in sizes]) for one in (a, b)]
    assert [row["value"] for row in found["systems"]] == pytest.approx(means)
    (pair,) = found["pairs"]
    assert pair["difference"] == pytest.approx(means[0] - means[1])
    assert pair["method"] == "paired jackknife, swaps", "a share of ways is neither right nor wrong"
    assert f"robustness.{kind}s=[{','.join(map(str, sizes))}]" in found["notes"][0]


def test_noise_is_right_or_wrong_and_so_are_other_grounds(make: Make):
    a, b = make("a", 1), make("b", 2)
    found = by("robustness/noise_gaussian", (a,), (b,)).found
    assert found["pairs"][0]["method"] == "McNemar, Tango"
    assert found["systems"][0]["value"] == a.scores["noise_gaussian", 0]["label"].mean()
    assert "robustness.budget=8" in found["notes"][0]
    runs = [(make(name, seed, targets=("label", "mask")),) for name, seed in (("c", 3), ("d", 4))]
    found = by("robustness/background_rand", *runs).found
    assert (found["n"], found["metric"]) == (59, "robustness/label/background_rand")
    assert found["systems"][0]["value"] == np.nanmean(runs[0][0].scores["background_rand", 0]["label"])
    with pytest.raises(UsageError, match="was not measured by background_rand"):
        by("robustness/background_rand", (a,), (b,))


@pytest.mark.parametrize(
    ("column", "keys"),
    [("noise_gaussian", {"budget": 4.0}), ("noise_gaussian", {"seed": 3}), ("shift", {"shifts": (1, 3)})],
)
def test_what_was_changed_otherwise_is_refused(make: Make, column: str, keys: dict[str, object]):
    key = next(iter(keys))
    with pytest.raises(UsageError, match=rf"was measured with robustness\.{key}=.*measure both alike: bash run.sh rob"):
        by(f"robustness/{column}", (make("a", 1),), (make("b", 2, **keys),))


def test_seeds_and_images_are_apart(make: Make):
    seeds = [tuple(make(f"{name}{seed}", 10 * place + seed, skill) for seed in range(3))
             for place, (name, skill) in enumerate((("a", 0.8), ("b", 0.6)))]  # fmt: skip
    found = by("robustness/mean", *seeds).found
    assert found["about"] == "ways of training"
    for members, row in zip(seeds, found["systems"], strict=True):
        values = [stacked(one, "fog", "contrast").mean() for one in members]
        assert row["values"] == pytest.approx(values)
        assert row["value"] == pytest.approx(np.mean(values))
        assert row["training_sd"] is not None
        assert row["sampling_sd"] > 0


def test_images_are_paired_by_id(make: Make):
    a = make("a", 1)
    same, turned = make("same", 2), make("turned", 2, reverse=True)
    straight, crossed = (by("robustness/clean", (a,), (one,)).found["pairs"][0] for one in (same, turned))
    ours = a.scores["clean", 0]["label"]
    theirs = turned.scores["clean", 0]["label"][::-1]
    assert crossed["difference"] == pytest.approx((ours - theirs).mean())
    only = int(((ours == 1) & (theirs == 0)).sum()), int(((ours == 0) & (theirs == 1)).sum())
    assert crossed["p_value"] == pytest.approx(max(mcnemar(*only), score_test(*only)))
    assert crossed["p_value"] != straight["p_value"]


def test_groups_count_and_not_their_images(make: Make):
    groups = tuple(f"patient {index // 6}" for index in range(60))
    a, b = make("a", 1, groups=groups), make("b", 2)
    for order in (((a,), (b,)), ((b,), (a,))):
        found = by("robustness/fog_1", *order).found
        assert found["pairs"][0]["method"] == "paired jackknife of groups, swaps"
        assert any("Items come in 10 groups" in note for note in found["notes"])


def test_masks_are_compared_by_the_iou_of_each_image(make: Make):
    a, b = (make(name, seed, targets=("mask",)) for name, seed in (("a", 1), ("b", 2)))
    found = by("robustness/fog", (a,), (b,), config=of_model("unet")).found
    assert (found["n"], found["metric"]) == (59, "robustness/mask/fog")
    for said, row in zip((a, b), found["systems"], strict=True):
        told = said.run.load_json("robustness.json")["corruptions"]["targets"]["mask"]["corruptions"][0]["score"]
        assert (row["value"], row["low"], row["high"]) == pytest.approx((told["value"], told["low"], told["high"]))
    with pytest.raises(UsageError, match=r"was not measured by pgd; these runs share robustness/mean.*Attacks are for"):
        by("robustness/pgd", (a,), (b,), config=of_model("unet"))


def test_of_several_targets_one_is_named(make: Make):
    runs = [(make(name, seed, targets=("label", "mask")),) for name, seed in (("a", 1), ("b", 2))]
    with pytest.raises(UsageError, match=r"several targets; name one: robustness/label/fog or robustness/mask/fog$"):
        by("robustness/fog", *runs)
    for target, n in (("label", 60), ("mask", 59)):
        found = by(f"robustness/{target}/fog", *runs).found
        assert (found["n"], found["metric"]) == (n, f"robustness/{target}/fog")
    with pytest.raises(UsageError, match=r"not all of these runs have scores of mask; they share label"):
        by("robustness/mask/fog", (make("c", 1),), (make("d", 2),))


def test_a_folder_of_predictions_has_no_such_files(make: Make, tmp_path: Path):
    systems = [TrainedRuns("a", (make("a", 1).run,)), ExternalPredictions("theirs", tmp_path)]
    with pytest.raises(
        UsageError, match="theirs is a folder of predictions, and mode robustness asks the model itself"
    ):
        compare_by(Column("fog"), of_model("cnn"), systems)


def test_on_val_no_ledger_is_written_and_on_test_it_is_no_new_look(make: Make):
    assert by("robustness/fog", (make("a", 1),), (make("b", 2),)).uses == []
    said = make("c", 3, split="test")
    arrays = [said.run.load_arrays(f"robustness/{name}.npz") for name in ("clean", "fog_1", "fog_5")]
    known = [{"pixels": one["pixels"], "ids": one["ids"], "weights": one["made_from"]} for one in arrays]
    attacks = [said.run.load_arrays(f"robustness/attack_{name}.npz") for name in ("fgsm", "square")]
    known += [{**known[0], "attack": one["asked"]} for one in attacks]
    with said.run.entering("robustness"):
        note_test_use(said.run, "measure robustness", known)
    for column in ("robustness/fog", "robustness/worst"):
        outcome = by(column, (said,))
        assert outcome.split == "test"
        note_test_uses(outcome.uses, "compare", said.run)
    rows = said.run.rows(LEDGER)
    assert [row["purpose"] for row in rows[1:]] == [
        "compare robustness/label/fog with other runs", "compare robustness/label/worst with other runs"
    ]  # fmt: skip
    assert new_looks(rows) == [True, False, False]


def test_val_and_doubts_are_told(make: Make):
    a, b = make("a", 1, trusted=False), make("b", 2)
    notes = by("robustness/fog", (a,), (b,)).found["notes"]
    assert notes[0] == (
        "From the files of mode robustness, measured with robustness.split=val, robustness.severities=[1,5], "
        "robustness.seed=0, robustness.constants=cifar."
    )
    assert any("chosen on the val split" in note for note in notes)
    assert any("attacks on a failed" in note for note in notes)
    content = b.run.load_json("robustness.json")
    b.run.save_json("robustness.json", {**content, "corruptions": {**content["corruptions"], "side": 16}})
    assert any("8 and 16 pixels" in note for note in by("robustness/fog", (a,), (b,)).found["notes"])


def test_equal_runs_are_not_told_apart(make: Make):
    a, b = make("a", 1), make("b", 1)
    for column in ("mean", "fog", "fog_1", "worst"):
        found = by(f"robustness/{column}", (a,), (b,)).found
        (pair,) = found["pairs"]
        assert (pair["difference"], pair["p_value"]) == (0, 1)
        assert pair["low"] < 0 < pair["high"], "images that were not seen may tell them apart"
        assert {row["rank"] for row in found["ranking"]} == {1}


def test_scores_of_some_images_in_another_order(make: Make):
    from sightline.stages.columns.measured import Measured
    from sightline.stages.columns.scores import scores_of

    scores = scores_of(Measured.of(make("a", 1).run), replace(Column("fog"), target="label"))
    few = scores.at(np.array([3, 1]))
    assert few.ids.tolist() == ["image 3", "image 1"]
    assert np.array_equal(few.scores, scores.scores[[3, 1]])
