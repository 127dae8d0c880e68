"""What a person leaves out, spelled out: `data=DIR` is `data=folder data.root=DIR`, `model=resnet18` is timm's.

A folder for `model=unet` is one of images and masks, one for a recipe is what the recipe takes.
"""

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from sightline.config.overrides import key_of, keys_of
from sightline.config.stages import STAGES
from sightline.machine.paths import path_of
from sightline.machine.reading import is_file, is_folder

Names = Callable[[], Collection[str]]
TABLES: Final = frozenset({".csv", ".tsv", ".txt"})
"""Endings of tables of images."""
CIFAR10: Final = ("cifar-10-batches-py", "cifar-10-python.tar.gz")
"""What torchvision calls the folder and the archive of CIFAR-10."""
FOLDER: Final = "folder"
FOLDER_OF_MASKS: Final = "segmentation_folder"
DATA_OF_KEY: Final[Mapping[str, str]] = {
    "download": "cifar10",
    "manifest": "csv",
    "path_column": "csv",
    "label_column": "csv",
    "split_column": "csv",
    "group_column": "csv",
    "root": FOLDER,
}
"""The choice of data that a key goes with; the first that was given decides."""
BY_NAME: Final = ("training.adversarial",)
"""Keys of which a word says the `name` beneath them."""
FORMER: Final[Mapping[str, str]] = {"explain.method": "explain.methods"}
"""Keys of before that took one name, and the keys that take a list of them today."""
OF_NEW_IMAGES: Final = {"mode=validate": "mode=drift"}
"""Modes that are about other things where `input=` names images."""
WITHOUT_NOTE: Final = ("model=", *(f"{key}=" for key in BY_NAME))
"""What leaves nothing to guess."""
OF_DATA: Final = ("data", "evaluation.ood")
"""Keys that take a choice of data."""


def is_timm(name: str, timm_names: Names) -> bool:
    """Whether timm has a model of this name, with or without the tag of its weights."""
    return name.partition(".")[0] in timm_names()


def is_path(word: str) -> bool:
    """Whether a word is written as a path, or there is such a file or folder."""
    written = "/" in word or word[:1] in {"~", "."} or Path(word).suffix.lower() in TABLES
    return written or is_folder(word) or is_file(word)


def spelled_out(
    overrides: Sequence[str], choices: Mapping[str, Collection[str]], timm_names: Names, of_recipe: str | None = None
) -> tuple[list[str], list[str]]:
    """Overrides with what was left out, and a line for each of those that were read so.

    Args:
        overrides: as typed.
        choices: of every group.
        timm_names: of models; asked where no other name fits.
        of_recipe: the data that a recipe chooses.
    """
    found: list[str] = []
    notes: list[str] = []
    overrides = _about_input(overrides)
    folder = of_recipe or (FOLDER_OF_MASKS if _model(overrides) == "unet" else FOLDER)
    for override in overrides:
        meant = _meant(override, choices, timm_names, folder)
        found += meant
        if meant != [override] and not override.startswith(WITHOUT_NOTE):
            notes.append(f"{override} is read as {shlex.join(meant)}")
    for key in OF_DATA:
        if choice := _data_of_keys(key, found, folder, chosen=of_recipe is not None):
            notes.append(f"{choice} is taken, for {next(one for one in found if one.startswith(f'{key}.'))} was given")
            found.insert(0, choice)
    return found, notes


def _about_input(overrides: Sequence[str]) -> Sequence[str]:
    """`validate input=DIR` asks how far those images are from a run's; without `input=` it is about the run's own."""
    if any(one.startswith("input=") and one != "input=null" for one in overrides):
        return [OF_NEW_IMAGES.get(one, one) for one in overrides]
    return overrides


def _model(overrides: Sequence[str]) -> str:
    """The model that was typed last."""
    return next((one.partition("=")[2] for one in reversed(overrides) if one.startswith("model=")), "")


def _meant(override: str, choices: Mapping[str, Collection[str]], timm_names: Names, folder: str) -> list[str]:
    key, _, value = override.partition("=")
    if key == "model" and value not in choices["model"] and is_timm(value, timm_names):
        return ["model=timm", f"model.name={value}"]
    if key in OF_DATA and value not in {"", "null", *choices["data"]} and is_path(value):
        is_table = path_of(value).suffix.lower() in TABLES and not is_folder(path_of(value))
        if is_table:
            return [f"{key}=csv", f"{key}.manifest={value}"]
        return [f"{key}={folder if key == 'data' else FOLDER}", f"{key}.root={value}"]
    if key in BY_NAME and value.isidentifier():
        return [f"{key}.name={value}"]
    if key in FORMER and value:
        return [f"{FORMER[key]}=[{value}]"]
    return [override]


def _data_of_keys(key: str, overrides: Sequence[str], folder: str, *, chosen: bool) -> str | None:
    """The choice of data that its keys ask for, where none was made; a root that holds CIFAR-10 is left to it."""
    names = [name for name in keys_of(overrides) if name.startswith(f"{key}.")]
    if key in keys_of(overrides) or (key == "data" and (chosen or _is_later(overrides))):
        return None
    given = {name.removeprefix(f"{key}.") for name in names}
    choice = next((data for name, data in DATA_OF_KEY.items() if name in given), None)
    if key == "data" and choice == FOLDER:
        choice = folder
    if key == "data" and choice == FOLDER and any(_root(overrides).joinpath(name).exists() for name in CIFAR10):
        return None
    return None if choice is None or (key, choice) == ("data", "cifar10") else f"{key}={choice}"


def _root(overrides: Sequence[str]) -> Path:
    """The root of the data that was given last."""
    return path_of([one for one in overrides if key_of(one) == "data.root"][-1].partition("=")[2])


def _is_later(overrides: Sequence[str]) -> bool:
    """Whether the mode is one of those that take a finished run, whose data are known."""
    modes = [one.partition("=")[2] for one in overrides if one.startswith("mode=")]
    stage = STAGES.get(modes[-1]) if modes else None
    return stage is not None and stage.needs.startswith("finished")
