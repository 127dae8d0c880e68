import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import chi2
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from sightline.calibration.likelihood import HIGHEST, LOWEST
from sightline.calibration.temperature import (
    apply,
    assign_folds,
    cross_fitted_logits,
    describe_temperature,
    fit_temperature,
    likeliest_temperature,
)


def world(n=600, classes=5, temperature=2.0, seed=0, dtype=np.float32):
    """Logits that are calibrated once divided by `temperature`, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * 2
    labels = (softmax(logits, axis=1).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return (logits * temperature).astype(dtype), np.minimum(labels, classes - 1)


def loss(temperature, logits, labels):
    scaled = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return -scaled[np.arange(len(labels)), labels].mean()


@given(st.integers(0, 10_000), st.integers(2, 12), st.sampled_from([0.1, 0.5, 1.0, 3.0, 20.0]))
@settings(max_examples=30, deadline=None)
def test_it_is_the_optimum_of_an_independent_search(seed, classes, temperature):
    logits, labels = world(200, classes, temperature, seed)
    best = minimize_scalar(
        lambda log_t: loss(np.exp(log_t), logits, labels), bounds=(-6, 6), method="bounded", options={"xatol": 1e-9}
    )
    assert likeliest_temperature(logits, labels) == pytest.approx(np.exp(best.x), rel=1e-4)


class Logits(ClassifierMixin, BaseEstimator):
    """A classifier whose features are its logits."""

    def fit(self, X, y):  # noqa: ARG002 - scikit-learn's signature
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[X.argmax(axis=1)]

    def decision_function(self, X):
        return X


def test_it_is_scikit_learns_temperature():
    logits, labels = world(2000)
    estimator = CalibratedClassifierCV(FrozenEstimator(Logits().fit(logits, labels)), method="temperature")
    estimator.fit(logits.astype(np.float64), labels)
    expected = estimator.predict_proba(logits.astype(np.float64))
    assert softmax(apply(logits, likeliest_temperature(logits, labels)), axis=1) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 5.0])
def test_it_finds_the_temperature_that_made_the_labels(temperature):
    logits, labels = world(40_000, temperature=temperature)
    assert likeliest_temperature(logits, labels) == pytest.approx(temperature, rel=0.03)


def test_scale_of_the_logits_is_scale_of_the_temperature():
    logits, labels = world(dtype=np.float64)
    once, seven_times = (likeliest_temperature(scale * logits, labels) for scale in (1, 7))
    assert seven_times == pytest.approx(7 * once, rel=1e-7)


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_answers_that_are_all_right_leave_doubt(classes, scale):
    """The likeliest temperature would be 0; what is applied stays as doubtful as fifty right answers warrant."""
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=50)
    logits = rng.normal(size=(50, classes))
    logits[np.arange(50), labels] = logits.max(axis=1) + rng.random(50) + 0.1
    found = describe_temperature((scale * logits).astype(np.float32), labels, 0.95)
    assert (found.likeliest, found.low, found.at_bound) == (LOWEST, LOWEST, True)
    assert LOWEST < found.value <= 1
    before = softmax(scale * logits, axis=1).max(axis=1).mean()
    after = softmax(apply(scale * logits, found.value), axis=1).max(axis=1).mean()
    assert before <= after < max(before + 1e-9, 1 - 0.2 / 52)


def test_worse_than_chance_is_bounded():
    logits, _ = world(100)
    assert likeliest_temperature(logits, logits.argmin(axis=1)) == HIGHEST


def test_logits_that_say_nothing_have_temperature_one():
    assert likeliest_temperature(np.full((5, 3), 2.5, dtype=np.float32), np.zeros(5, dtype=np.int64)) == 1.0


def test_labels_tied_for_the_lead_are_bounded():
    logits = np.tile(np.array([[1.0, 1.0, 0.0]], dtype=np.float32), (6, 1))
    assert likeliest_temperature(logits, np.array([0, 1, 0, 1, 0, 1])) >= LOWEST


def test_a_single_item():
    assert LOWEST <= likeliest_temperature(np.array([[3.0, 1.0]]), np.array([0])) <= HIGHEST
    assert likeliest_temperature(np.array([[3.0, 1.0]]), np.array([1])) == HIGHEST


def test_huge_logits_do_not_overflow():
    logits = np.array([[3e37, -3e37], [1e37, 2e37]], dtype=np.float32)
    assert likeliest_temperature(logits, np.array([0, 0])) == HIGHEST


@pytest.mark.parametrize(
    ("draw", "seed"),
    [
        (lambda rng: world(12, 3, 1.0, int(rng.integers(10_000))), 1),
        (lambda rng: world(40, 10, 1.0, int(rng.integers(10_000))), 2),
        (lambda rng: (rng.normal(size=(12, 3)), rng.integers(3, size=12)), 3),
        (lambda rng: separable(rng, 12, 3), 4),
    ],
    ids=["twelve", "forty", "useless", "separable"],
)
def test_few_items_hardly_move_it(draw, seed):
    """The likeliest temperature of so few flies off; what is applied stays near 1."""
    rng = np.random.default_rng(seed)
    found = np.log([fit_temperature(*draw(rng)) for _ in range(200)])
    assert np.mean(found == 0) > 0.8
    assert np.abs(found).max() < np.log(4)


def separable(rng, n, classes):
    logits = rng.normal(size=(n, classes))
    return logits, logits.argmax(axis=1)


def test_the_twelve_images_that_did_harm():
    """A model that is right about two of three; all of twelve are right by chance, and T = 0.2 would cost dearly."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=50_000)
    logits = np.zeros((50_000, 2))
    answer = np.where(rng.random(50_000) < 2 / 3, labels, 1 - labels)
    logits[np.arange(50_000), answer] = np.abs(rng.normal(0.7, 0.2, 50_000))
    right = np.flatnonzero(answer == labels)[:12]
    plain = loss(1.0, logits, labels)
    assert loss(likeliest_temperature(logits[right], labels[right]), logits, labels) > plain + 1
    assert loss(fit_temperature(logits[right], labels[right]), logits, labels) < plain + 0.002


@pytest.mark.parametrize("n", [10, 50, 200])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_it_never_harms_and_mostly_helps(n, temperature):
    """Mean log loss on new items: no more than .002 above that of T = 1, and from 100 items on most of the gain."""
    logits, labels = world(20_000, 4, temperature, 99)
    best, plain = (loss(one, logits, labels) for one in (temperature, 1.0))
    found = [fit_temperature(*world(n, 4, temperature, seed)) for seed in range(150)]
    grid = np.linspace(-5, 5, 101)
    curve = [loss(np.exp(one), logits, labels) for one in grid]
    mean = np.interp(np.log(found), grid, curve).mean()
    assert mean < plain + 0.002
    if n >= 100 and temperature != 1:
        assert plain - mean > 0.8 * (plain - best)


def test_it_lies_between_one_and_the_likeliest():
    for seed in range(30):
        logits, labels = world(60, 3, 1.5, seed)
        ends = sorted([1.0, likeliest_temperature(logits, labels)])
        assert ends[0] <= fit_temperature(logits, labels) <= ends[1]


def test_items_that_repeat_each_other_count_once():
    """Ten copies of each item know what one knows, once they are named a group."""
    logits, labels = world(30, 3, 3.0, 5)
    copies, truth, groups = np.repeat(logits, 10, axis=0), np.repeat(labels, 10), np.arange(300) // 10
    once, grouped = (describe_temperature(*given, 0.95) for given in ((logits, labels), (copies, truth)))
    of_groups = describe_temperature(copies, truth, 0.95, groups)
    assert grouped.high / grouped.low < 0.7 * once.high / once.low
    assert of_groups.high / of_groups.low == pytest.approx(once.high / once.low, rel=0.02)
    assert of_groups.value == pytest.approx(once.value, rel=0.05)
    assert fit_temperature(logits, labels, np.arange(30)) == pytest.approx(once.value)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_limits_hold_the_temperature_that_made_the_labels(temperature):
    held = 0
    for seed in range(200):
        found = describe_temperature(*world(100, 4, temperature, seed), 0.95)
        held += found.low <= temperature <= found.high
        assert found.low <= found.value <= found.high
    assert held >= 0.92 * 200


def test_limits_are_those_of_the_profile_likelihood():
    """Where the logits are calibrated at some temperature, and many, Wilks' theorem gives them (chi-squared / 2)."""
    logits, labels = world(20_000, 5, 2.0)
    found = describe_temperature(logits, labels, 0.95)
    least = 20_000 * loss(found.likeliest, logits, labels)
    for end in (found.low, found.high):
        assert 20_000 * loss(end, logits, labels) - least == pytest.approx(chi2.ppf(0.95, 1) / 2, rel=0.05)


def test_constant_logits_tell_nothing():
    found = describe_temperature(np.full((5, 3), 2.5, dtype=np.float32), np.zeros(5, dtype=np.int64), 0.95)
    assert (found.value, found.low, found.high) == (1.0, LOWEST, HIGHEST)


@pytest.mark.parametrize("labels", [np.arange(8) // 4, np.array([1] * 4 + [0] * 4)])
def test_the_first_item_goes_to_either_half(labels):
    """Dealt out from a fixed place, the first item of the lowest class would always fit the temperature."""
    first = [assign_folds(labels, 2, seed) for seed in range(400)]
    shares = np.mean([fold[labels == 0] == 0 for fold in first], axis=0)
    assert (np.abs(shares - 0.5) < 0.1).all()
    odd = np.mean([np.bincount(assign_folds(np.zeros(7, dtype=np.int64), 2, seed))[0] for seed in range(400)])
    assert odd == pytest.approx(3.5, abs=0.1)


@given(st.integers(0, 10_000), st.floats(LOWEST, HIGHEST))
@settings(max_examples=40, deadline=None)
def test_a_temperature_changes_no_order(seed, temperature):
    logits, _ = world(20, seed=seed)
    assert np.array_equal(np.argsort(apply(logits, temperature), kind="stable"), np.argsort(logits, kind="stable"))


def test_folds_hold_every_class_evenly():
    labels = np.random.default_rng(0).integers(4, size=203)
    fold = assign_folds(labels, 5, seed=0)
    assert np.ptp(np.bincount(fold)) <= 1
    for label in range(4):
        assert np.ptp(np.bincount(fold[labels == label], minlength=5)) <= 1
    assert not np.array_equal(fold, assign_folds(labels, 5, seed=1))


def test_groups_stay_in_one_fold():
    groups = np.arange(60) // 4
    fold = assign_folds(np.zeros(60, dtype=np.int64), 5, 0, groups)
    assert all(len(set(fold[groups == group])) == 1 for group in range(15))
    assert np.bincount(fold).tolist() == [12] * 5


def test_no_item_helps_to_fit_its_own_temperature():
    logits, labels = world(100)
    fold = assign_folds(labels, 4, seed=3)
    scaled = cross_fitted_logits(logits, labels, folds=4, seed=3)
    for index in range(4):
        held_out = fold == index
        expected = logits[held_out].astype(np.float64) / fit_temperature(logits[~held_out], labels[~held_out])
        assert scaled[held_out] == pytest.approx(expected, rel=1e-12)


def test_errors_after_are_not_those_of_the_fitted_items():
    """On few items the temperature of all would flatter; cross-fitting shows what new items see, on average."""
    honest, flattered, fresh = [], [], []
    for seed in range(60):
        logits, labels = world(100, 4, 3.0, seed)
        others, truth = world(100, 4, 3.0, 10_000 + seed)
        temperature = fit_temperature(logits, labels)
        scaled = cross_fitted_logits(logits, labels, folds=5, seed=seed)
        honest.append(loss(1.0, scaled, labels))
        flattered.append(loss(temperature, logits, labels))
        fresh.append(loss(temperature, others, truth))
    assert np.mean(flattered) < np.mean(honest)
    assert np.mean(honest) == pytest.approx(np.mean(fresh), abs=0.08)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_held_out_loss_is_not_worse(temperature):
    """A temperature fitted on 500 items, on others: one parameter costs a calibrated model about 1 / (2 * 500)."""
    change = []
    for seed in range(100):
        logits, labels = world(1000, 4, temperature, seed)
        fitted = fit_temperature(logits[:500], labels[:500])
        change.append(loss(fitted, logits[500:], labels[500:]) - loss(1.0, logits[500:], labels[500:]))
    assert np.mean(change) < (0.002 if temperature == 1 else -0.05)


def test_nothing_to_fit():
    with pytest.raises(ValueError, match="no items"):
        fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=np.int64))
