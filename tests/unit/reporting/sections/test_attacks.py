"""What is told of attacks: how hard they tried, the worst case last, and first of all whether it can be trusted."""

from sightline.metrics.documents.attacks import Attacks, NoiseScores, RobustShares
from sightline.metrics.documents.interval import IntervalJson
from sightline.reporting.sections.attacks import about_attacks, attack_table, check_table, distrust


def share(value: float | None) -> IntervalJson:
    ends = (None, None) if value is None else (value - 0.1, value + 0.1)
    return {"value": value, "low": ends[0], "high": ends[1], "level": 0.95, "method": "Wilson"}


def shares(of_all: float, of_right: float | None) -> RobustShares:
    return {"of_all": share(of_all), "of_right": share(of_right)}


def found(*, holds: bool = True, norm: str = "linf", of_right: float | None = 0.5) -> Attacks:
    return {
        "norm": norm, "budget": 8.0, "seed": 3, "n": 1200, "right": 960, "accuracy": share(0.8),
        "attacks": [
            {"name": "fgsm", "label": "FGSM", "effort": {}, "robust": shares(0.6, of_right)},
            {"name": "pgd", "label": "PGD", "effort": {"steps": 50, "restarts": 2}, "robust": shares(0.4, of_right)},
        ],
        "worst": shares(0.3, of_right),
        "checks": [
            {"name": "eval_mode", "holds": True, "seen": "0 modules in training mode"},
            {"name": "pgd_ball", "holds": holds, "seen": "PGD went 1.000000 far, of 0.031373"},
        ],
        "trusted": holds,
    }  # fmt: skip


def test_a_failed_check_distrusts_every_number_and_says_what_was_seen():
    assert list(distrust(found())) == []
    (alert,) = distrust(found(holds=False))
    assert alert.text == (
        "No number here can be trusted: checks of the attacks failed. PGD went 1.000000 far, of 0.031373."
    )


def test_each_attack_stands_beside_its_effort_and_the_worst_case_is_last():
    rows = [[str(cell) for cell in row] for row in attack_table(found()).rows]
    assert [row[:2] for row in rows] == [
        ["none", ""], ["FGSM", ""], ["PGD", "steps 50, restarts 2"], ["all, worst for each image", ""]
    ]  # fmt: skip
    assert rows[0][2].startswith("80.0 %")
    assert rows[3][2].startswith("30.0 %")
    assert rows[3][3].startswith("50.0 %")


def test_noise_of_the_same_size_stands_before_the_attacks():
    noise: list[NoiseScores] = [
        {"name": "sign", "label": "Random signs", "accuracy": share(0.7), "of_right": share(0.9)}
    ]
    rows = attack_table({**found(), "noise": noise}).rows
    assert rows[1] == ["Random signs", "", "70.0 % [60.0, 80.0]", "90.0 % [80.0, 100.0]"]
    assert [row[0] for row in rows[2:4]] == ["FGSM", "PGD"]


def test_where_nothing_is_right_there_is_no_share_of_it():
    assert [row[3] for row in attack_table(found(of_right=None)).rows][1:] == ["–", "–", "–"]


def test_the_budget_says_what_it_bounds():
    assert "no value changes by more than 8/255; seed 3" in about_attacks(found())
    assert "all changes together have a length of at most 8/255" in about_attacks(found(norm="l2"))
    assert "less than one step" not in about_attacks(found())
    assert "less than one step of a pixel: budgets count in 255ths" in about_attacks({**found(), "budget": 0.0314})
    assert "1,200 images, of which 960 are right" in about_attacks(found())


def test_every_check_is_listed_with_what_was_seen():
    assert check_table(found(holds=False)).rows == [
        ["eval mode", "holds", "0 modules in training mode"],
        ["pgd ball", "FAILED", "PGD went 1.000000 far, of 0.031373"],
    ]
