"""A configuration with other stages, or without its tracker."""

from sightline.cli import configure
from sightline.commands.modes import comparison, with_stages, without_tracking


def test_only_stages_and_tracker_change():
    config = configure("mode=demo")
    changed = without_tracking(with_stages(config, "validate"))
    assert (changed.mode.stages, changed.mode.name, changed.tracking.name) == (("validate",), "demo", "none")
    assert changed.model_copy(update={"mode": config.mode, "tracking": config.tracking}) == config
    assert comparison(config).mode.stages == ("compare", "report")
