"""The names of timm's models, known without importing timm: a mistyped name is refused at once."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sightline.config.model import CNN, OWN_BACKBONES, RESIDUAL, ModelConfig, PyramidModel
from sightline.config.shorthand import is_timm
from sightline.config.suggestions import did_you_mean
from sightline.errors import UsageError
from sightline.machine.paths import path_of
from sightline.machine.reading import is_file

_REGISTERED = re.compile(r"^@register_model\s+def (\w+)\(", re.MULTILINE)


@cache
def timm_names() -> frozenset[str]:
    """Every name that timm registers, read from its source files."""
    spec = find_spec("timm")
    if spec is None or spec.origin is None:
        return frozenset()
    files = (Path(spec.origin).parent / "models").glob("*.py")
    return frozenset(name for file in files for name in _REGISTERED.findall(file.read_text()))


def check_model(config: ModelConfig) -> None:
    """Refuse a model that cannot be built, before anything heavy is imported.

    Raises:
        UsageError: timm has no such model, or the file of weights is not there.
    """
    check_name(config)
    if config.weights_key is not None and config.weights is None:
        raise UsageError("model.weights_key is about an entry of model.weights=FILE, which is not given")
    if config.weights is not None and not is_file(path_of(config.weights)):
        raise UsageError(f"model.weights={config.weights} is not there")


def check_name(config: ModelConfig | PyramidModel) -> None:
    """Refuse a network that neither we nor timm have.

    Raises:
        UsageError: with the nearest name there is.
    """
    if isinstance(config, PyramidModel):
        key, name, ours = "backbone", config.backbone, OWN_BACKBONES
    else:
        key, name, ours = "name", config.name, (CNN, RESIDUAL)
    if name not in ours and not is_timm(name, timm_names):
        base = name.split(".", maxsplit=1)[0]
        own = f"none of {', '.join(ours)}, nor a" if key == "backbone" else "no"
        hint = did_you_mean(base, sorted({*ours, *timm_names()}))
        raise UsageError(
            f"model.{key}={name} is {own} model of timm's{hint}\n"
            'python -c \'import timm; print(*timm.list_models("*vit*"), sep="\\n")\' lists them'
        )
