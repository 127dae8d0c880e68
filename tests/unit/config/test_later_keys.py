"""A configuration that was stored before a key came is read as what was done then."""

from typing import Any

from sightline.cli import compose_config
from sightline.config.later_keys import MODEL, POLICY, TRAINING, VALIDATION, fill, leave_out, rename


def test_what_is_missing_is_filled_in_and_what_is_there_stays():
    content = {
        "data": {"validation": {"unreadable": "drop", "blank_labels": "drop"}},
        "evaluation": {"ood": {"validation": {}}},
    }
    fill(content)
    assert content["data"]["validation"] == {**VALIDATION, "unreadable": "drop", "blank_labels": "drop"}
    assert content["evaluation"]["ood"]["validation"] == VALIDATION
    content = {"data": {"name": "csv", "validation": {}}, "evaluation": {"ood": {"name": "digits", "validation": {}}}}
    fill(content)
    assert (content["data"]["white"], "white" in content["evaluation"]["ood"]) == ("auto", False)


def test_a_model_of_before_takes_the_entry_that_it_took():
    content = {"model": {"name": "cnn"}}
    fill(content)
    assert content["model"] == {"name": "cnn", **MODEL}
    leave_out(content)
    assert content["model"] == {"name": "cnn"}
    content = {"model": {"weights_key": "state_dict_ema"}}
    leave_out(content)
    assert content["model"] == {"weights_key": "state_dict_ema"}


def test_policies_of_before_know_no_key_of_those_that_came():
    """What the files in `conf/` say, so that today's command has the fingerprint that it had."""
    policy: dict[str, Any] = {"name": "randaugment", "operations": 2, "magnitude": 9.0}
    content: dict[str, Any] = {"transforms": {"name": "randaugment", "erasing": 0.0, "policy": dict(policy)}}
    fill(content)
    assert content["transforms"] == {"name": "randaugment", "erasing": 0.0, "policy": policy | POLICY}
    today: Any = compose_config(["transforms=randaugment"])["transforms"]
    assert content["transforms"]["policy"] == today["policy"]
    leave_out(content)
    assert content["transforms"] == {"name": "randaugment", "erasing": 0.0, "policy": policy}
    content["transforms"]["policy"] |= {"name": "augmix", "severity": 5}
    for change in (fill, leave_out):
        change(content)
    assert content["transforms"]["policy"] == policy | {"name": "augmix", "severity": 5}


def test_trainings_of_before_attacked_nothing_and_keep_their_fingerprint():
    content: dict[str, Any] = {"training": {"epochs": 3}}
    fill(content)
    assert content["training"] == {"epochs": 3, **TRAINING}
    assert compose_config(["mode=demo"])["training"].items() >= TRAINING.items()  # type: ignore[attr-defined]
    leave_out(content)
    assert content == {"training": {"epochs": 3}}
    attacked = {"training": {"adversarial": {**TRAINING["adversarial"], "name": "pgd"}}}  # type: ignore[dict-item]
    leave_out(attacked)
    assert attacked["training"]["adversarial"]["name"] == "pgd"


def test_what_is_no_configuration_is_left_to_whoever_checks_it():
    of_data = ({"data": None}, {"data": {"validation": 3}}, {"data": [], "evaluation": {"ood": None}})
    for content in ({}, *of_data, {"transforms": None}, {"transforms": {"policy": 3}}):
        before = dict(content)
        fill(content)
        assert content == before


def test_what_says_nothing_new_is_left_out_of_a_fingerprint():
    content = {"data": {"validation": {**VALIDATION, "unreadable": "drop"}}, "seed": 3}
    leave_out(content)
    assert content == {"data": {"validation": {"unreadable": "drop"}}, "seed": 3}
    content = {"data": {"white": "auto", "validation": {}}}
    leave_out(content)
    assert content == {"data": {"validation": {}}}
    content = {"data": {"white": 4095, "validation": {}}}
    leave_out(content)
    assert content == {"data": {"white": 4095, "validation": {}}}
    content = {"data": {"validation": {**VALIDATION, "blank_labels": "drop"}}}
    leave_out(content)
    assert content == {"data": {"validation": {"blank_labels": "drop"}}}


def test_runs_before_there_was_a_choice_cut_the_middle_out():
    content = {"image_size": None}
    fill(content)
    shape = {key: content[key] for key in ("image_size", "fit", "resize", "tile")}
    assert shape == {"image_size": None, "fit": "crop", "resize": "auto", "tile": None}
    leave_out(content)
    assert content == {"image_size": None}
    content = {"image_size": 32, "fit": "letterbox", "resize": 300, "tile": 64}
    for change in (fill, leave_out):
        change(content)
        shape = {key: content[key] for key in ("image_size", "fit", "resize", "tile")}
        assert shape == {"image_size": 32, "fit": "letterbox", "resize": 300, "tile": 64}


def test_before_there_were_masks_their_losses_were_those_of_today():
    """What the files in `conf/` say, so that today's command has the fingerprint that it had."""
    content: dict[str, Any] = {"image_size": None}
    fill(content)
    today = compose_config(["mode=demo"])
    assert {key: content[key] for key in ("segmentation", "multitask")} == {
        key: today[key] for key in ("segmentation", "multitask")
    }
    content["segmentation"] = {**content["segmentation"], "beta": 0.9}
    leave_out(content)
    assert content.keys() == {"image_size", "segmentation"}


def test_the_one_method_of_before_is_the_first_of_several():
    content: dict[str, Any] = {"explain": {"method": "gradcam", "classes": 3}}
    rename(content)
    assert content == {"explain": {"methods": ["gradcam"], "classes": 3}}
    for other in ({}, {"explain": None}, {"explain": {"methods": ["gradcam"]}}):
        before = dict(other)
        rename(other)
        assert other == before
