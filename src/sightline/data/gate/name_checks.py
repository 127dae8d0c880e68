"""Names of classes that may be one class spelled in several ways."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np

from sightline.config.data import ValidationPolicy
from sightline.data.gate.findings import SHOWN_EXAMPLES, Finding, Wording, finding
from sightline.data.sources.source import Source
from sightline.data.targets import class_counts

_NUMBER: Final = re.compile(r"[+-]?\d+([.,]\d+)?")
_BETWEEN_WORDS: Final = re.compile(r"(?<=[^\W_])[\s_-]+(?=[^\W_])")


def check_class_names(source: Source, policy: ValidationPolicy) -> Finding:
    """Look for classes whose names differ in case, blanks, accents or the spelling of a number alone."""
    counts = dict(class_counts(source.targets, np.arange(len(source))))
    families: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        families[folded(name)].append(name)
    several = [names for names in families.values() if len(names) > 1]
    number = sum(map(len, several))
    wording = Wording(
        fine="no two names of classes are nearly the same",
        found=f"{number} names of classes are nearly the same as another's",
        remedy="merge what is one class",
        otherwise="data.validation.similar_classes=warn",
    )
    shown = [
        " and ".join(f"{one} {counts[name]:,}" for one, name in zip(_shown(names), names, strict=True))
        for names in several[:SHOWN_EXAMPLES]
    ]
    found = [name for names in several for name in names]
    return finding("similar_classes", policy.similar_classes, found, wording, shown)


def folded(name: str) -> str:
    """A name without what two spellings of it may differ in: case, composition, unseen signs, blanks, `0` or `0.0`."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    text = _BETWEEN_WORDS.sub(" ", text).strip() or name
    return f"{float(text.replace(',', '.')):g}" if _NUMBER.fullmatch(text) and len(text) < 16 else text


def _shown(names: Sequence[str]) -> list[str]:
    """The names in quotes, with what no eye can see spelled out."""
    seen = {_BETWEEN_WORDS.sub(" ", unicodedata.normalize("NFKC", name)).strip() for name in names}
    return [ascii(name) if len(seen) < len(names) or not name.isprintable() else repr(name) for name in names]
