"""What a run's calibration lets one decide about an image: a set of classes, and whether to answer at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sightline.calibration.conformal import class_scores, prediction_sets
from sightline.config.later_stages import PredictConfig
from sightline.errors import UsageError
from sightline.metrics.documents.calibration import Calibration, ConformalSets, SelectiveThreshold

Reals = NDArray[np.float64]

NOT_CALIBRATED = (
    "the run is not calibrated: these probabilities are the network's own, set and abstain stay empty; "
    "mode `calibrate` fits all three"
)


FEW = "too few calibration images"


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
    head: tuple[str, ...] = (NOT_CALIBRATED,)

    @classmethod
    def of(cls, content: Calibration | None, wanted: PredictConfig) -> Self:
        """The decisions of a calibration, at the risks that are asked for, else at the first that it was made for.

        Args:
            content: of `calibration.json`, or None of a run that is not calibrated.
            wanted: `alpha` and `risk`.

        Raises:
            UsageError: it was not made for what is asked for.
        """
        marginal = [sets for sets in content["conformal"] if _is_plain(sets)] if content else []
        rules = content["selective"] if content else []
        sets = marginal[_place("alpha", wanted.alpha, "alphas", [one["alpha"] for one in marginal])]
        rule = rules[_place("risk", wanted.risk, "target_risks", [one["target_risk"] for one in rules])]
        if content is None:
            return cls()
        fitted_on = f"{content['n_temperature']} images of the calibration split"
        head = [f"probabilities at temperature {content['temperature']:.3g}, from {fitted_on}"]
        found: dict[str, float | None] = {}
        for one in sets:
            quantile = one["quantile"]
            found |= {"alpha": one["alpha"], "quantile": quantile if isinstance(quantile, float) else None}
            head.append(_worth_of_sets(one, content))
        for one_rule in rule:
            found |= {"risk": one_rule["target_risk"], "threshold": one_rule["threshold"]}
            head.append(_worth_of_answers(one_rule, content))
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


def _place(key: str, wanted: float | None, fitted: str, there: Sequence[float]) -> slice:
    """Where what is wanted stands among what was fitted; the first of them unless something is."""
    if wanted is None:
        return slice(0, 1)
    if wanted not in there:
        made_for = f"is calibrated for {', '.join(f'{one:g}' for one in there)}" if there else "is not calibrated"
        raise UsageError(
            f"predict.{key}={wanted:g}: the run {made_for}; "
            f"mode `calibrate` with calibration.{fitted}=[{wanted:g}] fits it"
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
    size = f" with {sets['mean_size']:.3g} classes each" if "mean_size" in sets else ""
    return f"{said}; on {content['judged_on']} images of val it held {100 * value:.1f} %{limits}{size}"


def _worth_of_answers(rule: SelectiveThreshold, content: Calibration) -> str:
    """What an answer promises, and how many images get one."""
    promise = f"the risk of an answer below {rule['target_risk']:g}"
    if rule["threshold"] is None:
        return f"abstains always, which is not repeated below: nothing keeps {promise}; {rule.get('reason') or FEW}"
    answered = "all" if rule["coverage"] == 1 else f"{rule['coverage']:.1%}"
    return (
        f"abstains below a confidence of {rule['threshold']:.4g}, which keeps {promise} but for a chance of "
        f"{rule['error']:g}; {answered} of the {content['n_promises']} images it comes from were answered"
    )
