"""Columns of mode `robustness` that `compare.metric` may name, such as `robustness/fog_3` or `robustness/pgd`."""

from dataclasses import dataclass, replace
from typing import Final, Self, get_args

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sightline.config.base import OneOf
from sightline.config.robustness import CORRUPTIONS, AttackName, NoiseName, RobustnessConfig
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
MOVES: Final = ("shift", "rotation")
"""With or without pixels or degrees: the mean over all ways to move an image by so much."""
NOISES: Final = tuple(f"noise_{name}" for name in get_args(NoiseName))
"""Random, as large as the budget of the attacks."""
GROUNDS: Final = ("background_same", "background_rand")
"""Objects on the ground of images of their class, and of another one."""
LABEL: Final = "label"
SCORES: Final = {LABEL: "accuracy", "mask": "image_iou"}
"""By target, the metric whose parts the scores of single images are."""
SEVERITIES: Final = range(1, 6)
_TAKES: Final = (
    f"{PREFIX}COLUMN or {PREFIX}TARGET/COLUMN, where COLUMN is {MEAN}, {CLEAN}, {WORST}, an attack "
    f"({', '.join(ATTACKS)}), {', '.join((*NOISES, *GROUNDS))}, or a corruption, shift or rotation with or without its "
    "size, such as fog, fog_3 or shift_2"
)
_NAMES: Final = (MEAN, CLEAN, WORST, *ATTACKS, *CORRUPTIONS, *MOVES, *NOISES, *GROUNDS)
_WRITTEN: Final = {
    "shift": "shifts",
    "rotation": "rotations",
    "noise_gaussian": "Gaussian noise of the attacks' size",
    "noise_uniform": "uniform noise of the attacks' size",
    "noise_sign": "random signs of the attacks' size",
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
        name: `mean`, `clean`, a corruption, a move, noise, another ground, an attack, or `worst`.
        size: severity of the corruption, pixels of the shift, degrees of the rotation; None: the mean over those that
            were measured.
        target: `label` or `mask`; empty: the only one that the models have.
    """

    name: str
    size: int | None = None
    target: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The column that a text names.

        Raises:
            ValueError: it names none; what is taken is said.
        """
        target, sign, rest = text.removeprefix(PREFIX).rpartition("/")
        name, _, size = rest.rpartition("_")
        sized = name in CORRUPTIONS and size in map(str, SEVERITIES)
        sized |= name in MOVES and size.isdecimal() and str(int(size)) == size != "0"
        known = cls(name, int(size), target) if sized else cls(rest, None, target)
        if not text.startswith(PREFIX) or known.name not in _NAMES or (sign and target not in SCORES):
            near = did_you_mean(rest, _NAMES).replace("did you mean ", f"did you mean {PREFIX}")
            raise ValueError(f"{text} is no column of mode robustness; it takes {_TAKES}{near}")
        if target not in {"", *known.needs}:
            what = "attacks are on classifiers" if known.of_attacks else "it is about the label"
            raise ValueError(f"{text}: {what}; it takes {PREFIX}{rest}")
        return known

    def __str__(self) -> str:
        of_target = f"{self.target}/" if self.target else ""
        return f"{PREFIX}{of_target}{self.name}{'' if self.size is None else f'_{self.size}'}"

    @property
    def of_attacks(self) -> bool:
        """Whether it is about attacks."""
        return self.name == WORST or self.name in ATTACKS

    @property
    def of_label(self) -> bool:
        """Whether it is about the label, whatever else a model predicts."""
        return self.of_attacks or self.name in {*NOISES, *GROUNDS}

    @property
    def needs(self) -> tuple[str, ...]:
        """The targets that a model must have for it."""
        return (LABEL,) if self.of_label else (self.target,) if self.target else ()

    def metric(self, conditions: int = 2) -> Metric:
        """How it is called, written and judged.

        Args:
            conditions: that are averaged; a label under a single one is right or wrong, but for moves, each of which is
                made in several ways.
        """
        of_mask, whole = self.target not in {"", LABEL}, self.name not in MOVES
        score = METRICS[SCORES[self.target or LABEL]]
        kind = "Robust accuracy" if self.of_attacks else "Mean IoU per image" if of_mask else score.label
        return replace(
            score,
            name=str(self),
            label=f"{kind} {self.words}",
            short="",
            meaning=f"mean over images, {self.words}",
            score=None,
            hits=right_answers if conditions == 1 and whole and not of_mask else None,
            limits="Wilson" if whole and not of_mask else "ratio",
            monitored=False,
            headline=False,
        )

    @property
    def words(self) -> str:
        """Under what images are measured: `under fog at severity 3`."""
        fixed = {
            CLEAN: "on clean images",
            MEAN: "under corruptions, mean of all",
            WORST: "under every attack",
            "background_same": "on the ground of their class",
            "background_rand": "on the ground of other classes",
        }
        name = _WRITTEN.get(self.name, self.name.replace("_", " "))
        if self.of_attacks or self.name in {*fixed, *NOISES}:
            return fixed.get(self.name, f"under {name}")
        if self.name in MOVES:
            unit = {"shift": "pixel", "rotation": "degree"}[self.name]
            return f"under {name}" + (
                ", mean over sizes" if self.size is None else f" by {self.size} {unit}{'s' * (self.size > 1)}"
            )
        return f"under {name}" + (", mean over severities" if self.size is None else f" at severity {self.size}")

    def missing_in(self, config: RobustnessConfig) -> str:
        """Which key of a command keeps it from being measured; empty where none does."""
        if self.of_attacks:
            there = bool(config.attacks) if self.name == WORST else self.name in config.attacks
            return "" if there else f"robustness.attacks={_listed(config.attacks)}"
        if self.name == CLEAN:
            return ""
        if self.name in GROUNDS:
            return "" if config.backgrounds else "robustness.backgrounds=false"
        if self.name in NOISES:
            there = self.name.removeprefix("noise_") in config.noise
            attacked = "" if config.attacks else "robustness.attacks=[]"
            return attacked if there else f"robustness.noise={_listed(config.noise)}"
        if self.name in MOVES:
            sizes = config.shifts if self.name == "shift" else config.rotations
            there = bool(sizes) if self.size is None else self.size in sizes
            return "" if there else f"robustness.{self.name}s={_listed(sizes)}"
        there = bool(config.corruptions) if self.name == MEAN else self.name in config.corruptions
        if not there:
            return f"robustness.corruptions={_listed(config.corruptions)}"
        measured = self.size is None or self.size in config.severities
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
