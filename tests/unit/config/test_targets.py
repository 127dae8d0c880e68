"""A key about a target that the model does not predict is refused in one line that names it."""

from functools import cache
from typing import ClassVar

import pytest

from sightline.cli import compose_config
from sightline.config import parse
from sightline.config.model import CnnModel
from sightline.config.schema import Config
from sightline.config.targets import problem_of_idle, problem_of_overrides, problem_of_targets
from sightline.errors import UsageError


class OfMasks(CnnModel):
    """As if it predicted masks."""

    task: ClassVar[str] = "segmentation"
    targets: ClassVar[tuple[str, ...]] = ("mask",)


class OfBoth(CnnModel):
    """As if it predicted both."""

    task: ClassVar[str] = "multitask"
    targets: ClassVar[tuple[str, ...]] = ("label", "mask")


@cache
def parsed(*overrides: str) -> Config:
    return parse.parse(compose_config(["mode=evaluate", "data=digits", *overrides]))


def composed(model: type[CnnModel], *overrides: str) -> Config:
    """A configuration whose model predicts other things than a label; asked of what a later stage would take."""
    config = parsed(*overrides)
    return config.model_copy(update={"model": model(**config.model.model_dump())})


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("imbalance=effective", "imbalance.class_weights is for models that predict a class for each image"),
        ("imbalance=balanced", "imbalance.sampler is for models that predict a class for each image"),
        ("imbalance=focal", "imbalance.focal_gamma is for models that predict a class for each image"),
        ("imbalance=logit_adjustment", "imbalance.logit_adjustment is for models that predict a class for each image"),
        ("evaluation.slices=[site]", "evaluation.slices is for models that predict a class for each image"),
        ("training.monitor=val_accuracy", "training.monitor=val_accuracy is for models that predict a class for each"),
    ],
)
def test_what_is_about_labels_is_refused_for_masks(override: str, says: str):
    problem = problem_of_targets(composed(OfMasks, override))
    assert problem.startswith(says)
    assert "model=cnn predicts a class for each pixel" in problem
    assert not problem_of_targets(composed(OfBoth, override))
    assert not problem_of_targets(composed(CnnModel, override))


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("transforms.mixing.mixup_alpha=0.2", "MixUp and CutMix cannot mix masks"),
        ("transforms=augmix", "transforms.policy.name=augmix mixes versions of an image"),
        ("evaluation.ood=digits", "evaluation.ood "),
        ("training.label_smoothing=0.1 segmentation.loss.cross_entropy=0", "training.label_smoothing is for cross-"),
    ],
)
def test_what_is_not_done_to_masks_is_refused_wherever_there_are_some(override: str, says: str):
    for model in (OfMasks, OfBoth):
        assert problem_of_targets(composed(model, *override.split())).startswith(says)
    assert not problem_of_targets(composed(CnnModel, *override.split()))


@pytest.mark.parametrize("override", ["explain.mask_class=cat", "training.monitor=val_mean_iou"])
def test_what_is_about_masks_is_refused_for_labels(override: str):
    assert problem_of_targets(composed(CnnModel, override)).startswith(override.split("=")[0])
    assert not problem_of_targets(composed(OfMasks, override))


def test_a_training_is_refused_at_once():
    with pytest.raises(
        UsageError, match=r"^training\.monitor=val_mean_iou is for models that predict a class for each"
    ):
        parse.parse(compose_config(["mode=train", "data=digits", "training.monitor=val_mean_iou"]))
    with pytest.raises(UsageError, match=r"^sweep\.metric=val_mean_iou is for models"):
        parse.parse(
            compose_config(["mode=sweep", "data=digits", "sweep.metric=val_mean_iou", "sweep.direction=maximize"])
        )


def test_keys_that_were_typed_are_refused_whatever_their_value():
    labels, masks, both = (composed(model) for model in (CnnModel, OfMasks, OfBoth))
    assert problem_of_overrides(labels, ["seed=1", "segmentation.smooth=1.0"]).startswith(
        "segmentation.smooth=1.0 is for"
    )
    assert problem_of_overrides(masks, ["multitask.weights=learned"]).startswith("multitask.weights=learned is for")
    assert problem_of_overrides(masks, ["imbalance=none"]).startswith("imbalance=none is for")
    for config, metric, says in ((masks, "accuracy", "a class for each image"), (labels, "mean_iou", "each pixel")):
        config = changed(config, metric)
        assert says in problem_of_overrides(config, [f"compare.metric={metric}"])
        assert not problem_of_overrides(config, ["compare.level=0.9"])
        assert not problem_of_overrides(changed(both, metric), [f"compare.metric={metric}"])
        assert not problem_of_overrides(changed(config, "auto"), ["compare.metric=auto"])
    assert not problem_of_overrides(both, ["imbalance=none", "segmentation.smooth=1", "multitask.weights.label=2"])


def test_a_model_learns_the_targets_of_its_task():
    """What a task has heads for is what its models read of the data."""
    assert CnnModel.targets == ("label",)


def test_losses_that_weigh_nothing_and_weights_of_no_loss_are_refused():
    none = [f"segmentation.loss.{name}=0" for name in ("cross_entropy", "dice")]
    with pytest.raises(UsageError, match=r"^segmentation\.loss: every loss weighs 0"):
        parse.parse(compose_config(["mode=demo", *none]))
    with pytest.raises(UsageError, match=r"^segmentation: class_weights weigh the pixels of cross_entropy and focal"):
        parse.parse(compose_config(["mode=demo", none[0], "segmentation.class_weights=inverse"]))
    for weights in ("none", "effective", "[1,2.5]"):
        parse.parse(compose_config(["mode=demo", f"segmentation.class_weights={weights}"]))


def changed(config: Config, metric: str) -> Config:
    return config.model_copy(update={"compare": config.compare.model_copy(update={"metric": metric})})


@pytest.mark.parametrize(
    ("override", "because"),
    [
        ("segmentation.focal_gamma=3", "segmentation.loss.focal"),
        ("segmentation.tversky_alpha=0.5", "segmentation.loss.tversky"),
        ("segmentation.tversky_beta=0.5", "segmentation.loss.tversky"),
        ("segmentation.smooth=2", "segmentation.loss.dice"),
        ("segmentation.beta=0.9", "segmentation.class_weights"),
    ],
)
def test_a_typed_key_that_another_one_makes_idle_is_refused(override: str, because: str):
    off = "effective" if because.endswith("weights") else "1"
    idle = composed(OfMasks, override, *(["segmentation.loss.dice=0"] if because.endswith("dice") else []))
    problem = problem_of_idle(idle, [override])
    assert problem.startswith(f"{override} has no effect: ")
    assert because in problem
    assert not problem_of_idle(composed(OfMasks, override, f"{because}={off}"), [override])


@pytest.mark.parametrize(
    ("override", "policy"),
    [
        ("transforms.policy.operations=3", "randaugment"),
        ("transforms.policy.magnitude=5", "randaugment"),
        ("transforms.policy.learned_on=svhn", "autoaugment"),
        ("transforms.policy.severity=5", "augmix"),
        ("transforms.policy.mixture_width=2", "augmix"),
        ("transforms.policy.chain_depth=2", "augmix"),
        ("transforms.policy.alpha=2", "augmix"),
        ("transforms.policy.all_ops=true", "augmix"),
    ],
)
def test_a_typed_key_of_another_policy_is_refused(override: str, policy: str):
    for other in ("standard", "randaugment", "trivialaugment", "autoaugment", "augmix"):
        problem = problem_of_idle(composed(CnnModel, f"transforms={other}", override), [override])
        because = f"{override} has no effect: it is for transforms.policy.name={policy}"
        assert problem == ("" if other == policy else because)


def test_the_beta_of_class_weights_is_idle_without_them():
    assert "imbalance.class_weights=effective" in problem_of_idle(composed(CnnModel), ["imbalance.beta=0.9"])
    assert not problem_of_idle(composed(CnnModel, "imbalance=effective"), ["imbalance.beta=0.9"])


@pytest.mark.parametrize(
    ("override", "off"),
    [
        ("robustness.budget=4", "robustness.attacks=[]"),
        ("robustness.norm=l2", "robustness.attacks=[]"),
        ("robustness.attacked=9", "robustness.attacks=[]"),
        ("robustness.noise=[sign]", "robustness.attacks=[]"),
        ("robustness.steps=9", "robustness.attacks=[fgsm,square]"),
        ("robustness.restarts=2", "robustness.attacks=[fgsm]"),
        ("robustness.queries=9", "robustness.attacks=[fgsm,pgd,apgd]"),
        ("robustness.severities=[1]", "robustness.corruptions=[]"),
        ("robustness.constants=cifar", "robustness.corruptions=[]"),
        ("robustness.baseline=there", "robustness.corruptions=[]"),
    ],
)
def test_what_is_not_measured_has_no_keys(override: str, off: str):
    problem = problem_of_idle(composed(CnnModel, override, off), [override, off])
    assert problem.startswith(f"{override} has no effect: ")
    assert off.partition("=")[0] in problem
    assert not problem_of_idle(composed(CnnModel, override), [override])


@pytest.mark.parametrize(
    ("override", "fits"),
    [
        ("robustness.attacks=[pgd]", {"label"}),
        ("robustness.budget=4", {"label"}),
        ("robustness.noise=[sign]", {"label"}),
        ("robustness.backgrounds=true", {"both"}),
    ],
)
def test_what_is_not_measured_of_a_model_has_no_keys(override: str, fits: set[str]):
    for name, model in (("label", CnnModel), ("mask", OfMasks), ("both", OfBoth)):
        problem = problem_of_idle(composed(model, override), [override])
        assert problem.startswith(f"{override} has no effect: ") != (name in fits)
    for off in ("robustness.attacks=[]", "robustness.noise=[]", "robustness.backgrounds=false"):
        assert not problem_of_idle(composed(OfMasks, off), [off])
