"""From a configuration to the images that it names."""

from sightline.config.data import Cifar10Data, CsvData, DataConfig, DigitsData, FolderData
from sightline.data.sources.source import Source
from sightline.errors import UsageError
from sightline.machine.paths import path_of


def find(config: DataConfig) -> Source:
    """List the images that the configuration names; decode none.

    Raises:
        UsageError: there is nothing to be found there, or only one class.
    """
    _refuse_empty(config)
    # Imported when asked for: scikit-learn alone takes a second.
    match config:
        case Cifar10Data():
            from sightline.data.sources.cifar10 import find_cifar10

            return find_cifar10(path_of(config.root), download=config.download)
        case FolderData():
            from sightline.data.sources.folder import find_folder

            return find_folder(None if config.root is None else path_of(config.root))
        case CsvData():
            from sightline.data.sources.table import find_table

            return find_table(config)
        case DigitsData():
            from sightline.data.sources.digits import find_digits

            return find_digits()


def _refuse_empty(config: DataConfig) -> None:
    """Refuse a path without a letter, as a variable that is not set leaves it; it would be the current folder.

    Raises:
        UsageError: there is one.
    """
    for key in ("root", "manifest"):
        value = getattr(config, key, None)
        if value is not None and not value.strip():
            raise UsageError(f"data.{key}= is empty; give a path, data.{key}=. for the current folder")
