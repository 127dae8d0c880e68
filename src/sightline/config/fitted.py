"""Numbers that a configuration leaves to a rule, `auto`: which they are, and putting decided ones in."""

from collections.abc import Mapping

from sightline.config.base import AUTO
from sightline.config.groups import BASES, FITTED
from sightline.config.schema import Config

FORMER = {"training.batch_size": 256, "transforms.horizontal_flip": 0.5}
"""What stood there before there was a rule."""


def left_open(config: Config) -> list[str]:
    """The keys whose numbers a rule has yet to decide."""
    return [key for key in FITTED if _value(config, key) == AUTO]


def with_values(config: Config, values: Mapping[str, object]) -> Config:
    """The configuration with values of its groups by dotted key."""
    for dotted, value in values.items():
        group, key = dotted.split(".")
        config = config.model_copy(update={group: getattr(config, group).model_copy(update={key: value})})
    return config


def as_formerly(config: Config) -> Config:
    """The numbers that versions without the rule took where they were given none: for studies that they began."""
    bases = {key: _value(config, base) for key, base in BASES.items()}
    former: dict[str, object] = {**FORMER, **bases}
    return with_values(config, {key: former[key] for key in left_open(config)})


def is_former(stored: Mapping[str, object]) -> bool:
    """Whether a stored configuration, by dotted key, is of a version without the rule."""
    return stored.get("optimizer.lr") is not None and stored.get("optimizer.lr_base") is None


def _value(config: Config, dotted: str) -> object:
    group, key = dotted.split(".")
    return getattr(getattr(config, group), key, None)
