"""What the JSON files of a run must hold: the types of their documents, asked when they are read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Final, Literal, NotRequired, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

from sightline.metrics.documents.calibration import Calibration
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.documents.cost import Cost
from sightline.metrics.documents.drift import Drift
from sightline.metrics.documents.evaluation import Evaluation
from sightline.metrics.documents.freezing import FreezingRow
from sightline.metrics.documents.multitask import MultitaskCalibration, MultitaskEvaluation
from sightline.metrics.documents.parity import Parity
from sightline.metrics.documents.robustness import Robustness
from sightline.metrics.documents.segmentation import MaskCalibration, MaskEvaluation
from sightline.metrics.documents.sweep import Choice, FreshRun, Study
from sightline.metrics.documents.uncertainty import Uncertainty
from sightline.metrics.documents.validation import Validation
from sightline.run.records import (
    ExplainFile,
    ExternalSplit,
    LedgerRow,
    LoggedRow,
    MemberRow,
    PreprocessingFile,
    ProvenanceFile,
    SoupFile,
    SplitFile,
)

Kind = Any
"""A type as annotations write it; there is none in the language for all of them."""


@dataclass(frozen=True)
class OneOf:
    """Documents of several tasks under one name; which it is says a key that the types after it do not have.

    Attributes:
        kinds: `TypedDict`s; the last is that of all else.
    """

    kinds: tuple[Kind, ...]

    def of(self, value: object) -> Kind:
        """The type of a document."""
        if isinstance(value, Mapping):
            for number, kind in enumerate(self.kinds):
                later = {key for other in self.kinds[number + 1 :] for key in get_type_hints(other)}
                if value.keys() & (get_type_hints(kind).keys() - later):
                    return kind
        return self.kinds[-1]


FILES: Final[Mapping[str, Kind]] = {
    "calibration.json": OneOf((MultitaskCalibration, MaskCalibration, Calibration)),
    "classes.json": list[str],
    "comparison.json": Comparison,
    "cost.json": Cost,
    "drift.json": Drift,
    "evaluation.json": OneOf((MultitaskEvaluation, MaskEvaluation, Evaluation)),
    "explain/explain.json": ExplainFile,
    "export/parity.json": Parity,
    "external.json": dict[str, ExternalSplit],
    "freezing.json": list[FreezingRow],
    "preprocessing.json": PreprocessingFile,
    "provenance.json": ProvenanceFile,
    "robustness.json": Robustness,
    "soup.json": SoupFile,
    "split.json": SplitFile,
    "sweep.json": Study,
    "uncertainty.json": Uncertainty,
    "validation.json": Validation,
}
"""By name. Keys that a type does not know are passed over: later versions may write them."""
ROWS: Final[Mapping[str, Kind]] = {
    "again.jsonl": FreshRun,
    "members.jsonl": MemberRow,
    "metrics.jsonl": LoggedRow,
    "test_ledger.jsonl": LedgerRow,
}
"""What each row of a file of JSON lines must be."""
WORDS: Final[Mapping[Kind, str]] = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null",
}  # fmt: skip


def flaw(value: object, kind: Kind, place: str = "") -> str:
    """What is wrong with the values of a JSON file; empty where they are of a type.

    Within a file keys may lack, as in files of earlier versions: what then asks for one is told (`Stored`).

    Args:
        value: as `json` read them.
        kind: a `TypedDict`, a list, a mapping, a literal, text, a number, a union of these, `OneOf`, or `object`.
        place: of the value, by dotted key.
    """
    if isinstance(kind, OneOf):
        return flaw(value, kind.of(value), place)
    origin: Kind = get_origin(kind) or kind
    arguments = get_args(kind)
    if kind == Choice:  # of a dimension, whose values may be lists as well
        return ""
    if origin is NotRequired:
        return flaw(value, arguments[0], place)
    if is_typeddict(origin):
        return _flaw_of_mapping(value, origin, arguments, place)
    if origin in (Union, UnionType):
        found = [flaw(value, one, place) for one in arguments]
        return "" if "" in found else max(found, key=lambda text: text.count("."))  # the one that fits furthest
    if origin is Literal:
        return (
            "" if value in arguments else _says(place, f"is {value!r} and not one of {', '.join(map(str, arguments))}")
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return _says(place, "is no mapping")
        return _first(flaw(item, arguments[-1], _within(place, key)) for key, item in value.items())
    if isinstance(origin, type) and issubclass(origin, Sequence) and origin is not str:
        if not isinstance(value, list):
            return _says(place, "is no list")
        return _first(flaw(item, arguments[0], _within(place, str(number))) for number, item in enumerate(value))
    return "" if _is_plain(value, origin) else _says(place, f"is not {WORDS.get(origin, origin)}")


def flaw_of_row(row: Mapping[str, object], kind: Kind) -> str:
    """What is wrong with a row of JSON lines, whose keys must all be there."""
    lacking = sorted(kind.__required_keys__ - row.keys())
    return f"it lacks {lacking[0]}" if lacking else flaw(row, kind)


def _flaw_of_mapping(value: object, kind: Kind, arguments: tuple[Kind, ...], place: str) -> str:
    """What is wrong with a mapping whose keys are known; those of a generic one stand for its arguments."""
    if not isinstance(value, Mapping):
        return _says(place, "is no mapping")
    stands_for = dict(zip(getattr(kind, "__parameters__", ()), arguments, strict=False))
    hints = get_type_hints(kind, include_extras=True)
    found = ((key, stands_for.get(hint, hint) if isinstance(hint, TypeVar) else hint) for key, hint in hints.items())
    return _first(flaw(value[key], hint, _within(place, key)) for key, hint in found if key in value)


def _is_plain(value: object, kind: Kind) -> bool:
    """Whether a value is a text, a number, a truth or null, as asked for; any is an `object`."""
    if kind in (object, Any):
        return True
    if kind in (int, float):
        return isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    return isinstance(value, kind)


def _first(found: Iterable[str]) -> str:
    return next((text for text in found if text), "")


def _within(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _says(place: str, what: str) -> str:
    return f"{place or 'it'} {what}"
