"""Columns of mode `robustness` that `compare.metric` may name, of corruptions and attacks: `robustness/fog_3`."""

from dataclasses import dataclass, replace
from typing import Final, Self, get_args

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sightline.config.base import OneOf
from sightline.config.robustness import CORRUPTIONS, AttackName, RobustnessConfig
from sightline.config.suggestions import did_you_mean
from sightline.metrics.catalogue import METRICS
from sightline.metrics.metric import Metric
from sightline.metrics.scores.items import right_answers

PREFIX: Final = "robustness/"
CLEAN: Final = "clean"
"""The images as they are."""
MEAN: Final = "mean"
"""Every corruption at every severity that was measured."""
WORST: Final = "worst"
"""Every attack: an image counts where none of them breaks it."""
ATTACKS: Final[tuple[AttackName, ...]] = get_args(AttackName)
LABEL: Final = "label"
SCORES: Final = {LABEL: "accuracy", "mask": "image_iou"}
"""By target, the metric whose parts the scores of single images are."""
SEVERITIES: Final = range(1, 6)
_TAKES: Final = (
    f"{PREFIX}COLUMN or {PREFIX}TARGET/COLUMN, where COLUMN is {MEAN}, {CLEAN}, {WORST}, an attack "
    f"({', '.join(ATTACKS)}), or a corruption with or without a severity, such as fog or fog_3"
)
_NAMES: Final = (MEAN, CLEAN, WORST, *ATTACKS, *CORRUPTIONS)
_WRITTEN: Final = {
    "gaussian_noise": "Gaussian noise",
    "jpeg_compression": "JPEG compression",
    "fgsm": "FGSM",
    "pgd": "PGD",
    "apgd": "APGD-CE",
    "square": "Square",
}


@dataclass(frozen=True)
class Column:
    """One number for each image that mode `robustness` measured.

    Attributes:
        name: `mean`, `clean`, a corruption, an attack, or `worst`.
        severity: of the corruption; None: the mean over those that were measured.
        target: `label` or `mask`; empty: the only one that the models have.
    """

    name: str
    severity: int | None = None
    target: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The column that a text names.

        Raises:
            ValueError: it names none; what is taken is said.
        """
        target, sign, rest = text.removeprefix(PREFIX).rpartition("/")
        name, _, severity = rest.rpartition("_")
        graded = name in CORRUPTIONS and severity in map(str, SEVERITIES)
        known = cls(name, int(severity), target) if graded else cls(rest, None, target)
        if not text.startswith(PREFIX) or known.name not in _NAMES or (sign and target not in SCORES):
            near = did_you_mean(rest, _NAMES).replace("did you mean ", f"did you mean {PREFIX}")
            raise ValueError(f"{text} is no column of mode robustness; it takes {_TAKES}{near}")
        if known.of_attacks and target not in {"", LABEL}:
            raise ValueError(f"{text}: attacks are on classifiers; it takes {PREFIX}{rest}")
        return known

    def __str__(self) -> str:
        of_target = f"{self.target}/" if self.target else ""
        return f"{PREFIX}{of_target}{self.name}{'' if self.severity is None else f'_{self.severity}'}"

    @property
    def of_attacks(self) -> bool:
        """Whether it is about attacks."""
        return self.name == WORST or self.name in ATTACKS

    @property
    def needs(self) -> tuple[str, ...]:
        """The targets that a model must have for it."""
        return (LABEL,) if self.of_attacks else (self.target,) if self.target else ()

    def metric(self, conditions: int = 2) -> Metric:
        """How it is called, written and judged.

        Args:
            conditions: that are averaged; a label under a single one is right or wrong.
        """
        of_mask = self.target not in {"", LABEL}
        score = METRICS[SCORES[self.target or LABEL]]
        kind = "Robust accuracy" if self.of_attacks else "Mean IoU per image" if of_mask else score.label
        return replace(
            score,
            name=str(self),
            label=f"{kind} {self.words}",
            short="",
            meaning=f"mean over images, {self.words}",
            score=None,
            hits=right_answers if conditions == 1 and not of_mask else None,
            limits="ratio" if of_mask else "Wilson",
            monitored=False,
            headline=False,
        )

    @property
    def words(self) -> str:
        """Under what images are measured: `under fog at severity 3`."""
        fixed = {CLEAN: "on clean images", MEAN: "under corruptions, mean of all", WORST: "under every attack"}
        name = _WRITTEN.get(self.name, self.name.replace("_", " "))
        if self.of_attacks or self.name in fixed:
            return fixed.get(self.name, f"under {name}")
        return f"under {name}" + (
            ", mean over severities" if self.severity is None else f" at severity {self.severity}"
        )

    def missing_in(self, config: RobustnessConfig) -> str:
        """Which key of a command keeps it from being measured; empty where none does."""
        if self.of_attacks:
            there = bool(config.attacks) if self.name == WORST else self.name in config.attacks
            return "" if there else f"robustness.attacks={_listed(config.attacks)}"
        if self.name == CLEAN:
            return ""
        there = bool(config.corruptions) if self.name == MEAN else self.name in config.corruptions
        if not there:
            return f"robustness.corruptions={_listed(config.corruptions)}"
        measured = self.severity is None or self.severity in config.severities
        return "" if measured else f"robustness.severities={_listed(config.severities)}"


def column_of(text: str) -> Column | None:
    """The column that a text names; None of one that names none."""
    if not text.startswith(PREFIX):
        return None
    try:
        return Column.parse(text)
    except ValueError:
        return None


def _listed(values: tuple[object, ...]) -> str:
    return f"[{','.join(map(str, values))}]"


@dataclass(frozen=True)
class OrColumn:
    """Annotates a `str` as one of names that a catalogue holds, or a column of mode `robustness`.

    Attributes:
        names: of the catalogue.
    """

    names: tuple[str, ...]

    def __get_pydantic_core_schema__(self, *of_field: object) -> CoreSchema:
        """What pydantic checks; of names, the same message as without columns."""
        return core_schema.no_info_wrap_validator_function(
            _checked, OneOf(self.names).__get_pydantic_core_schema__(*of_field)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The alternatives, for the page of all keys."""
        inner = schema["schema"] if schema["type"] == "function-wrap" else schema
        return {"anyOf": [handler(inner), {"type": "string", "pattern": f"{PREFIX}COLUMN"}]}


def _checked(value: object, check: core_schema.ValidatorFunctionWrapHandler) -> object:
    if not isinstance(value, str):
        return check(value)
    if value.startswith(PREFIX):
        return str(Column.parse(value))
    bare = value.removeprefix("robustness").lstrip("._-")
    if value == "robustness" or column_of(PREFIX + bare) is not None:
        says = f"; {PREFIX}{bare} compares by that one" if bare else ""
        raise ValueError(f"{value}: a column of mode robustness is written {_TAKES}{says}")
    return check(value)
