"""What a run's calibration lets one decide about an image: a set of classes, and whether to answer at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sightline.calibration.conformal import class_scores, prediction_sets
from sightline.calibration.selective import units_needed
from sightline.config.later_stages import PredictConfig
from sightline.errors import UsageError
from sightline.machine.text import significant
from sightline.metrics.documents.calibration import Calibration, ConformalSets, SelectiveThreshold

Reals = NDArray[np.float64]

NOT_CALIBRATED = "the run is not calibrated: these probabilities are the network's own, set and abstain stay empty; "
FEW = "too few calibration images"
NO_IMAGES = (
    "it has no two calibration images to fit them on: data.calibration_fraction=0.1 in a new training keeps some"
)
LARGER_RISKS = (0.1, 0.2, 0.3)
"""Offered where nothing keeps a smaller one."""


@dataclass(frozen=True)
class Asked:
    """The run that is asked, as far as messages name it.

    Attributes:
        name: as `run=` takes it.
        classes: how many it tells apart.
        can_calibrate: whether it has images to calibrate on.
    """

    name: str
    classes: int
    can_calibrate: bool = True

    def fitting(self, words: str = "", then: str = "fits it") -> str:
        """The command that fits what lacks, or why none can."""
        if not self.can_calibrate:
            return NO_IMAGES
        return f"`calibrate run={self.name}{words and ' ' + words}` {then}"


@dataclass(frozen=True)
class Decisions:
    """How probabilities become decisions.

    Attributes:
        temperature: of the probabilities.
        alpha: how often a set may miss the truth; None where there are no sets.
        quantile: of the LAC score; None: every class is in every set.
        risk: of an answer; None where nobody says when to abstain.
        threshold: the confidence from which on there is an answer; None: from none on.
        head: what each is worth, a line each.
    """

    temperature: float = 1.0
    alpha: float | None = None
    quantile: float | None = None
    risk: float | None = None
    threshold: float | None = None
    head: tuple[str, ...] = ()

    @classmethod
    def of(cls, content: Calibration | None, wanted: PredictConfig, asked: Asked) -> Self:
        """The decisions of a calibration, at the risks that are asked for, else at the first that it was made for.

        Args:
            content: of `calibration.json`, or None of a run that is not calibrated.
            wanted: `alpha` and `risk`.
            asked: the run.

        Raises:
            UsageError: it was not made for what is asked for.
        """
        marginal = [sets for sets in content["conformal"] if _is_plain(sets)] if content else []
        rules = content["selective"] if content else []
        sets = marginal[_place("alpha", wanted.alpha, "alphas", [one["alpha"] for one in marginal], asked)]
        rule = rules[_place("risk", wanted.risk, "target_risks", [one["target_risk"] for one in rules], asked)]
        if content is None:
            return cls(head=(NOT_CALIBRATED + asked.fitting(then="fits all three"),))
        fitted_on = f"{content['n_temperature']} images of the calibration split"
        head = [f"probabilities at temperature {significant(content['temperature'], 3)}, from {fitted_on}"]
        found: dict[str, float | None] = {}
        for one in sets:
            quantile = one["quantile"]
            found |= {"alpha": one["alpha"], "quantile": quantile if isinstance(quantile, float) else None}
            head.append(_worth_of_sets(one, content))
        for one_rule in rule:
            found |= {"risk": one_rule["target_risk"], "threshold": one_rule["threshold"]}
            head.append(_worth_of_answers(one_rule, content, asked))
        return cls(content["temperature"], **found, head=tuple(head))

    def sets(self, probabilities: Reals) -> NDArray[np.bool_] | None:
        """(n, classes) whether each class is in the set of each item; None where there are no sets."""
        if self.alpha is None:
            return None
        quantile = np.inf if self.quantile is None else self.quantile
        scores = class_scores(probabilities, "lac", np.zeros(len(probabilities)))
        return prediction_sets(scores, np.full(probabilities.shape[1], quantile))

    def abstains(self, probabilities: Reals) -> NDArray[np.bool_] | None:
        """(n,) whether each item is left to a person; None where nobody says when."""
        if self.risk is None:
            return None
        unsure: NDArray[np.bool_] = probabilities.max(axis=1) < (np.inf if self.threshold is None else self.threshold)
        return unsure


def _is_plain(sets: ConformalSets) -> bool:
    return sets["method"] == "lac" and sets["conditional"] == "marginal"


def _place(key: str, wanted: float | None, fitted: str, there: Sequence[float], asked: Asked) -> slice:
    """Where what is wanted stands among what was fitted; the first of them unless something is."""
    if wanted is None:
        return slice(0, 1)
    if wanted not in there:
        made_for = f"is calibrated for {', '.join(f'{one:g}' for one in there)}" if there else "is not calibrated"
        raise UsageError(
            f"predict.{key}={wanted:g}: the run {made_for}; {asked.fitting(f'calibration.{fitted}=[{wanted:g}]')}"
        )
    place = list(there).index(wanted)
    return slice(place, place + 1)


def _worth_of_sets(sets: ConformalSets, content: Calibration) -> str:
    """What a set promises, and what it held where that was measured."""
    if sets["quantile"] is None:
        return f"{{…}}: every class, since the calibration split has {sets.get('empty_promise') or 'too few images'}"
    share = f"{100 * (1 - sets['alpha']):.4g} %"
    said = f"{{…}} holds the truth of {share} of images like the {content['n_promises']} it comes from"
    coverage = sets.get("coverage")
    if coverage is None or (value := coverage["value"]) is None:
        return said
    low, high = coverage["low"], coverage["high"]
    limits = "" if low is None or high is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    mean = significant(sets["mean_size"], 3) if "mean_size" in sets else ""
    size = mean and f" with {mean} class{'es' * (mean != '1')} each"
    return f"{said}; on {content['judged_on']} images of val it held {100 * value:.1f} %{limits}{size}"


def _worth_of_answers(rule: SelectiveThreshold, content: Calibration, asked: Asked) -> str:
    """What an answer promises, and how many images get one."""
    promise = f"the risk of an answer below {rule['target_risk']:g}"
    if rule["threshold"] is None:
        why = f"{rule.get('reason') or FEW}; {_fewer_promises(rule, content, asked)}"
        return f"abstains always, which is not repeated below: nothing keeps {promise}; {why}"
    chance = f"{promise} but for a chance of {rule['error']:g}"
    if rule["threshold"] <= 1 / asked.classes:
        return (
            f"never abstains: answering all of them keeps {chance}, by the {content['n_promises']} images it comes from"
        )
    answered = "all" if rule["coverage"] == 1 else f"{100 * rule['coverage']:.1f} %"
    return (
        f"abstains below a confidence of {rule['threshold']:.4g}, which keeps {chance}; "
        f"{answered} of the {content['n_promises']} images it comes from were answered"
    )


def _fewer_promises(rule: SelectiveThreshold, content: Calibration, asked: Asked) -> str:
    """How answers come about where nothing keeps the risk: a larger one that so many can vouch for, or more images."""
    more = "more calibration images may keep it, such as data.calibration_fraction=0.4 in a new training"
    units = content.get("n_groups") or content["n_promises"]
    for risk in LARGER_RISKS:
        if risk > rule["target_risk"] and units_needed(risk, rule["error"]) <= units:
            return f"{asked.fitting(f'calibration.target_risks=[{risk:g}]', 'asks for less')}, and {more}"
    return more
