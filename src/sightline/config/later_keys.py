"""Keys of what training fixes that came after some runs were written, and what those runs did without them."""

from collections.abc import Mapping
from typing import Final

VALIDATION: Final[Mapping[str, object]] = {
    "similar_classes": "warn",
    "near_duplicates": "warn",
    "blank_labels": "refuse",
    "missing_masks": "refuse",
    "unusable_masks": "refuse",
}
"""Of `data.validation`."""

DUPLICATES: Final = "separate"
"""Of `data.duplicates`."""

WHITE: Final = "auto"
"""Of `data.white`: that of a run that was trained before stands in its preprocessing."""

MODEL: Final[Mapping[str, object]] = {"weights_key": None, "cbam": False}
"""Of `model`."""

SHAPE: Final[Mapping[str, object]] = {"fit": "crop", "resize": "auto", "tile": None}
"""How an image becomes what the model sees."""

POLICY: Final[Mapping[str, object]] = {
    "learned_on": "imagenet",
    "severity": 3,
    "mixture_width": 3,
    "chain_depth": -1,
    "alpha": 1.0,
    "all_ops": False,
}
"""Of `transforms.policy`: what AutoAugment and AugMix take, which were no choice before."""

TRAINING: Final[Mapping[str, object]] = {
    "adversarial": {"name": "none", "norm": "linf", "budget": 8.0, "steps": 7, "step_size": "auto", "clean": 0.0},
}
"""Of `training`."""

SEGMENTATION: Final[Mapping[str, object]] = {
    "loss": {"cross_entropy": 1.0, "dice": 1.0, "focal": 0.0, "lovasz": 0.0, "tversky": 0.0},
    "class_weights": "none",
    "beta": 0.999999,
    "focal_gamma": 2.0,
    "tversky_alpha": 0.3,
    "tversky_beta": 0.7,
    "smooth": 1.0,
}
"""The group `segmentation`; nothing was segmented before."""

MULTITASK: Final[Mapping[str, object]] = {"weights": {"label": 1.0, "mask": 1.0}}
"""The group `multitask`."""

GROUPS: Final[Mapping[str, object]] = {**SHAPE, "segmentation": SEGMENTATION, "multitask": MULTITASK}
"""All that stands beside the groups of before."""


FORMER: Final = ("method", "methods")
"""Of `explain`: one method was chosen before there were several."""


def rename(content: dict[str, object]) -> None:
    """Give keys of a stored configuration the names that they have today, in place."""
    explain = content.get("explain")
    if isinstance(explain, dict) and FORMER[0] in explain and FORMER[1] not in explain:
        content["explain"] = {
            FORMER[1] if key == FORMER[0] else key: [value] if key == FORMER[0] else value
            for key, value in explain.items()
        }


def fill(content: dict[str, object]) -> None:
    """Put such keys into a stored configuration, in place."""
    evaluation, transforms = content.get("evaluation"), content.get("transforms")
    for name, later in (("model", MODEL), ("training", TRAINING)):
        if isinstance(group := content.get(name), dict):
            content[name] = {**later, **group}
    if isinstance(transforms, dict) and isinstance(transforms.get("policy"), dict):
        content["transforms"] = {**transforms, "policy": {**POLICY, **transforms["policy"]}}
    if "image_size" in content:
        for key, value in GROUPS.items():
            content.setdefault(key, dict(value) if isinstance(value, Mapping) else value)
    for data in (content.get("data"), evaluation.get("ood") if isinstance(evaluation, Mapping) else None):
        if isinstance(data, dict) and isinstance(data.get("validation"), Mapping):
            data["validation"] = {**VALIDATION, **data["validation"]}
            data.setdefault("duplicates", DUPLICATES)
            if data.get("name") in {"folder", "csv"}:
                data.setdefault("white", WHITE)


def leave_out(trained: dict[str, object]) -> None:
    """Take such keys out of what training fixes, in place, where they say what was done without them.

    So runs and searches of before have the fingerprint that the same command has today.
    """
    data, transforms = trained.get("data"), trained.get("transforms")
    for name, later in (("model", MODEL), ("training", TRAINING)):
        if isinstance(group := trained.get(name), dict):
            trained[name] = {key: value for key, value in group.items() if later.get(key, ...) != value}
    if isinstance(transforms, dict) and isinstance(policy := transforms.get("policy"), dict):
        said = {key: value for key, value in policy.items() if POLICY.get(key, ...) != value}
        trained["transforms"] = {**transforms, "policy": said}
    for key, value in GROUPS.items():
        if trained.get(key, ...) == value:
            del trained[key]
    if isinstance(data, dict):
        if data.get("white") == WHITE:
            del data["white"]
        if data.get("duplicates") == DUPLICATES:
            del data["duplicates"]
        validation = data["validation"]
        data["validation"] = {key: value for key, value in validation.items() if VALIDATION.get(key, ...) != value}
