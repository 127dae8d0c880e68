"""The command: its words, and the configuration that they compose.

Nothing here imports torch or mlflow before a stage needs it, so help and refusals come at once.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import GrammarParseError, InterpolationResolutionError, OmegaConfBaseException

import sightline
from sightline.commands.command import Command
from sightline.commands.help import help_text
from sightline.commands.launch import execute
from sightline.config import parse
from sightline.config.base import AUTO
from sightline.config.command_words import is_override, overrides_from_words
from sightline.config.credentials import refuse_credentials_in_overrides
from sightline.config.interpolations import LITERAL_REFERENCE, refuse_functions, refuse_functions_in_overrides
from sightline.config.model import kind_of
from sightline.config.overrides import check_keys, key_of, keys_of, quoted
from sightline.config.schema import Config
from sightline.config.shorthand import spelled_out
from sightline.config.stages import with_robustness
from sightline.config.suggestions import did_you_mean, did_you_mean_key
from sightline.config.text_keys import text_keys
from sightline.config.typed_text import as_typed
from sightline.config.user_files import data_of_recipe, expand_recipe, merge_sweep, take_sweep_file
from sightline.errors import SightlineError, UsageError, refused_by_system
from sightline.machine.credentials import hidden
from sightline.machine.environment import prepare_environment
from sightline.machine.free_space import refusal_of_the_disk
from sightline.machine.signals import Interrupted, check_stop, listening
from sightline.machine.streams import complain, open_closed
from sightline.machine.terminal import console, logger, output, show_log
from sightline.machine.text import printable_lines
from sightline.machine.variables import check_thread_count
from sightline.models.names import timm_names

GROUP_OF_KEY = {"evaluation.ood": "data"}
"""Keys that hold a choice of a group, with keys of its own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its status: 0 done, 1 failed, 2 wrong command, 3 refused, 129, 130 or 143 stopped."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    open_closed()
    prepare_environment()
    show_log()
    try:
        with listening():
            _dispatch(arguments)
            check_stop()
            output.check_written()
            return 0
    except SightlineError as error:
        return _fail(str(error), error.status)
    except Interrupted as stop:
        return _fail(f"stopped; {stop}" if str(stop) else "stopped", stop.status)
    except KeyboardInterrupt:
        return _fail("stopped", 130)
    except OSError as error:
        if (refused := refusal_of_the_disk(error)) is None:
            raise
        return _fail(refused, 1)


def _fail(message: str, status: int) -> int:
    complain(f"sightline: {printable_lines(hidden(message))}\n")
    return status


def configure(*overrides: str) -> Config:
    """The configuration that these overrides compose to, as in `configure("mode=demo", "training.epochs=4")`.

    Raises:
        UsageError: one of them is wrong.
    """
    return parse.parse(compose_config(expand_recipe(list(overrides))))


def _dispatch(arguments: list[str]) -> None:
    groups = choices()
    if "--help" in arguments or "-h" in arguments:
        console.print(help_text(conf_dir() / "mode", groups), markup=False)
        return
    if "--version" in arguments:
        console.print(f"sightline {sightline.__version__}")
        return
    show_config = "--cfg" in arguments
    rest = _without_flags(arguments)
    overrides = [argument for argument in rest if is_override(argument)]
    words = [argument for argument in rest if argument not in overrides]
    modes = [one.partition("=")[2] for one in overrides if one.startswith("mode=")]
    overrides = overrides_from_words(words, groups, timm_names, *modes[-1:]) + overrides
    overrides = expand_recipe(overrides)
    composed = compose_config(overrides)
    config = parse.parse(composed)
    check_thread_count()
    if show_config:
        console.print(OmegaConf.to_yaml(OmegaConf.create(composed)).rstrip(), markup=False)
        return
    for note in spelled_out(overrides, groups, timm_names, data_of_recipe(overrides, conf_dir()))[1]:
        logger.info(note)
    try:
        execute(Command(config, overrides, arguments, compose_config))
    except OSError as error:
        raise refused_by_system(error) from error


def _without_flags(arguments: list[str]) -> list[str]:
    """The words and overrides; `--cfg job` is the only flag that takes a word."""
    rest = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
            if argument != "job":
                raise UsageError(f"--cfg {argument}: it takes the word job")
        elif argument == "--cfg":
            skip = True
        elif argument.startswith("-") and not argument.lstrip("-").isdigit():
            raise UsageError(f"unknown option {argument}; options: --help, --version, --cfg job; all else is key=value")
        else:
            rest.append(argument)
    if skip:
        raise UsageError("--cfg takes the word job")
    return rest


def conf_dir() -> Path:
    """The folder of YAML files: inside the installed package, or at the root of a checkout."""
    inside = Path(__file__).parent / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"


def choices() -> dict[str, list[str]]:
    """Every group and its choices."""
    return {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml") if not file.stem.startswith("_"))
        for folder in sorted(conf_dir().iterdir())
        if folder.is_dir() and any(folder.glob("*.yaml"))
    }


def compose_config(overrides: Sequence[str]) -> dict[str, object]:
    """Compose the YAML and resolve it into plain values; what is left to the model becomes what suits it.

    Raises:
        UsageError: an override names no key or no choice, or does not read.
    """
    overrides, of_sweep = take_sweep_file(overrides)
    overrides, _ = spelled_out(overrides, choices(), timm_names, data_of_recipe(overrides, conf_dir()))
    check_keys(overrides)
    refuse_credentials_in_overrides(overrides)
    refuse_functions_in_overrides(overrides)
    refuse_functions({"sweep": of_sweep})
    _check_choices(overrides)
    overrides = [as_typed(_as_group(override)) for override in overrides]
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf_dir()), version_base="1.3", job_name="sightline"):
            unresolved = compose("config", list(overrides))
            refuse_functions(OmegaConf.to_container(unresolved))
            composed = OmegaConf.to_container(unresolved, resolve=True)
    except (HydraException, OmegaConfBaseException, OSError) as error:  # a key too long for a file of a group
        raise UsageError(_explain(error, overrides, choices())) from error
    except ValueError as error:  # Python reads no number of thousands of digits
        raise UsageError(f"{key_of(max(overrides, key=len))}: {str(error).partition(';')[0]}") from error
    if not isinstance(composed, dict):
        raise UsageError("conf/config.yaml composes to no mapping")
    merge_sweep(composed["sweep"], of_sweep, keys_of(overrides))
    _suit_the_model(composed)
    return {str(key): value for key, value in composed.items()}


def _suit_the_model(composed: dict[Any, Any]) -> None:
    """Put in what is left to others: how images are fitted, what a sweep is about, what a training ends with."""
    targets = kind_of(composed["model"]).targets
    if composed["fit"] == AUTO:
        composed["fit"] = "whole" if "mask" in targets else "crop"
    if composed["sweep"]["metric"] == AUTO:
        composed["sweep"]["metric"] = "val_accuracy" if "label" in targets else "val_mean_iou"
    composed["mode"]["stages"] = with_robustness(composed["mode"]["stages"], composed["robustness"]["name"])


def _as_group(override: str) -> str:
    """`evaluation.ood=folder` takes its keys from the group of data, which Hydra calls `data@evaluation.ood=folder`."""
    key, _, value = override.partition("=")
    return f"{GROUP_OF_KEY[key]}@{override}" if key in GROUP_OF_KEY and value != "null" else override


def _check_choices(overrides: Sequence[str]) -> None:
    """Refuse a choice that no group has; Hydra would pass over one of an optional group."""
    groups = choices()
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        group = GROUP_OF_KEY.get(key, key)
        if group in groups and value not in {"", *groups[group]} and not (key in GROUP_OF_KEY and value == "null"):
            names = [*groups[group], *(sorted(timm_names()) if group == "model" else [])]
            beside = {"model": ", or any name of timm's", "data": ", or a folder"}.get(group, "")
            takes = f"it takes {', '.join(groups[group])}{beside}"
            raise UsageError(f"{key}={value} is no choice{did_you_mean(value, names)}; {takes}")


def _explain(error: Exception, overrides: Sequence[str], groups: Mapping[str, list[str]]) -> str:
    """One line about the override that Hydra could not use."""
    chosen = [override for override in overrides if key_of(override) in groups]
    known = parse.keys(compose_config(chosen)) if len(chosen) < len(overrides) else []
    for override in overrides:
        key = key_of(override)
        if key not in [*known, *groups] and "@" not in key and not override.startswith("+"):
            beside = f" (with {' '.join(chosen)})" if chosen else ""  # they decide which keys there are
            return f"unknown key {key}{beside}{did_you_mean_key(key, known)}"
    reason = " ".join(str(error).split("\n")[0].split())
    if isinstance(error, OverrideParseException):
        key, _, value = error.override.partition("=")
        written = f"text is written '{key}={quoted(value)}'" if key in text_keys() else "a list is written [a,b]"
        return f"{error.override} cannot be read: {written}"
    if isinstance(error, InterpolationResolutionError | GrammarParseError):
        key = getattr(error, "full_key", None) or next(key_of(one) for one in overrides if "${" in one)
        return f"{key}: {reason}; {LITERAL_REFERENCE}"
    if reason.startswith("Ambiguous value"):
        return f"{reason.rpartition(' ')[2].strip(chr(39))} reads as several values; a list is written [a,b]"
    return reason
