"""A command: its configuration, and how it was given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sightline.config.schema import Config

Compose = Callable[[Sequence[str]], dict[str, object]]
"""From overrides to a configuration, as plain values."""


@dataclass(frozen=True)
class Command:
    """What a command asks for.

    Attributes:
        config: its configuration.
        overrides: as typed, the words among them turned into overrides.
        arguments: as typed, for the record.
        compose: for the configurations of trainings that the command varies.
    """

    config: Config
    overrides: Sequence[str]
    arguments: Sequence[str]
    compose: Compose
