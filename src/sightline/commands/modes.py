"""A configuration with other stages, or without its tracker."""

from sightline.config.schema import Config


def with_stages(config: Config, *stages: str) -> Config:
    """The configuration with these stages alone."""
    return config.model_copy(update={"mode": config.mode.model_copy(update={"stages": stages})})


def without_tracking(config: Config) -> Config:
    """The configuration, mirrored to nowhere."""
    return config.model_copy(update={"tracking": config.tracking.model_copy(update={"name": "none"})})


def comparison(config: Config) -> Config:
    """What compares runs that are there, and reports it."""
    return without_tracking(with_stages(config, "compare", "report"))
