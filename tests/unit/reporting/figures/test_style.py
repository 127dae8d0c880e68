"""Every figure: the same bytes for the same data, and what they share."""

import struct
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from sightline.metrics.documents.drift import Drift
from sightline.metrics.drift.measure import Policy, Sample, measure_drift
from sightline.reporting import figures
from sightline.reporting.figures.names import shorten, width
from sightline.reporting.figures.style import SEQUENTIAL, percent, thinned


def names(count: int) -> list[str]:
    return [f"species number {i}" for i in range(count)]


def matrix(classes: int) -> np.ndarray:
    return np.diag(np.full(classes, 90)) + np.random.default_rng(classes).poisson(0.5, (classes, classes))


def entries(classes: int) -> list[dict[str, Any]]:
    values = np.linspace(0.3, 0.98, classes)[::-1]
    return [
        {"class": name, "support": 100, "f1": {"value": value, "low": value - 0.02, "high": min(1.0, value + 0.02)}}
        for name, value in zip(names(classes), values.tolist(), strict=True)
    ]


def some_bins() -> list[dict[str, Any]]:
    empty = {"confidence": None, "accuracy": None, "accuracy_low": None, "accuracy_high": None}
    full = {"confidence": 0.97, "accuracy": 1.0, "accuracy_low": 0.9, "accuracy_high": 0.9999999}
    return [{"low": 0.0, "high": 0.5, "count": 0} | empty, {"low": 0.5, "high": 1.0, "count": 30} | full]


def images(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (count, 12, 16, 3), dtype=np.uint8)


PROBABILITIES = softmax(np.random.default_rng(2).normal(0, 2, (200, 4)), axis=1)


LABELS = np.random.default_rng(3).integers(0, 4, 200)


ROWS = [
    {"kind": "epoch", "epoch": e, "train_loss": 1.0 / (e + 1), "val_loss": 1.1, "val_accuracy": 0.5} for e in range(4)
]


PLAN = [
    {"group": "stem", "parameters": 1_000, "rate": 0.25, "from_epoch": None},
    {"group": "blocks.0", "parameters": 20_000_000, "rate": 0.5, "from_epoch": 5},
    {"group": "head", "parameters": 650, "rate": 1.0, "from_epoch": 0},
]


def found(systems: int) -> dict[str, Any]:
    values = [0.9 - 0.02 * place for place in range(systems)]
    ends = [{"value": value, "low": value - 0.01, "high": value + 0.01, "values": [value] * 3} for value in values]
    pairs = [
        {"a": f"s{a}", "b": f"s{b}", "difference": values[a] - values[b], "low": 0.0, "high": 0.1, "p_adjusted": 0.04}
        for a in range(systems)
        for b in range(a + 1, systems)
    ]
    return {
        "metric": "accuracy",
        "level": 0.95,
        "systems": [{"name": f"s{place}", "seeds": 3, **end} for place, end in enumerate(ends)],
        "ranking": [{"name": f"s{place}"} for place in range(systems)],
        "pairs": pairs,
    }


CURVE = {"coverage": [0.5, 1.0], "risk": [0.0, 0.1], "low": [0.0, 0.05], "high": [0.1, 0.2]}
SETS = [
    {"method": name, "alpha": 0.1, "conditional": "marginal", "mean_size": 1.5, "sizes": [1, 5, 5, 0]}
    for name in ("lac", "aps")
]


def swept(*states: str) -> dict[str, Any]:
    rows = [
        {
            "number": number,
            "state": state,
            "value": 0.5 + 0.05 * number if state == "complete" else None,
            "values": {"optimizer": "sgd" if number % 2 else "adamw", "optimizer.lr": 10.0**-number}
            | ({"training.label_smoothing": 0.1 * number} if number % 3 else {}),
            "curve": [] if state == "failed" else [0.3, 0.4, 0.5 + 0.05 * number][: 3 if state == "complete" else 1],
        }
        for number, state in enumerate(states)
    ]
    space = {
        "optimizer": "categorical adamw, sgd",
        "optimizer.lr (optimizer=adamw)": "log-uniform 0.001, 1",
        "optimizer.lr (optimizer=sgd)": "log-uniform 0.001, 1",
        "training.label_smoothing": "uniform 0, 0.5",
    }
    complete = [row["number"] for row in rows if row["state"] == "complete"]
    return {
        "metric": "val_accuracy",
        "direction": "maximize",
        "space": space,
        "trials": rows,
        "best": complete[-1] if complete else None,
        "as_configured": 0,
        "importances": {"optimizer.lr": 0.7, "optimizer": 0.3} if complete else {},
    }


def swept_by_choices():
    """One trial, all of its choices alone in their dimension, and one dimension without a value."""
    found = swept("complete")
    found["space"] = {
        "optimizer.lr": "categorical 0.01, 1e+30",
        "model.width": "categorical 8, 9",
        "teacher": "categorical null, A",
    }
    found["trials"][0]["values"] = {"optimizer.lr": 0.01, "model.width": 8, "teacher": None}
    return found


SWEPT = swept("complete", "pruned", "complete", "failed", "complete", "complete")


def drifted() -> tuple[Drift, Sample, Sample]:
    """Images that became brighter."""
    before, now = (Sample(np.random.default_rng(0).normal(mean, 9, (40, 10)).astype(np.float32)) for mean in (90, 120))
    return measure_drift(before, now, [], Policy(0.05, 0.05, "warn", 999)), before, now


DRAWINGS: dict[str, Callable[[], bytes]] = {
    "risk_coverage": lambda: figures.risk_coverage(CURVE),
    "corruptions": lambda: figures.corruptions(images(1)[0], {"fog": images(2), "snow": images(2)}, [1, 5]),
    "drift": lambda: figures.drift(*drifted()),
    "drift_examples": lambda: figures.drift_examples({"darker by 9/255": list(images(3)), "less red": list(images(2))}),
    "mean_maps": lambda: figures.mean_maps(
        [PROBABILITIES[:4]] * 2, [PROBABILITIES[:4]] * 2, ["all", "a"], [3, 3], [False, True]
    ),
    "set_sizes": lambda: figures.set_sizes(SETS),
    "ood": lambda: figures.ood({"msp": PROBABILITIES.max(1), "one": np.ones(len(LABELS))}, LABELS > 1),
    "comparison": lambda: figures.comparison(found(3)),
    "sweep_history": lambda: figures.sweep_history(SWEPT),
    "sweep_curves": lambda: figures.sweep_curves(SWEPT),
    "sweep_importances": lambda: figures.sweep_importances(SWEPT),
    "sweep_parallel": lambda: figures.sweep_parallel(SWEPT),
    "sweep_slices": lambda: figures.sweep_slices(SWEPT),
    "curves": lambda: figures.curves(ROWS, best_epoch=2),
    "freezing": lambda: figures.freezing(PLAN, 10),
    "lr_range": lambda: figures.lr_range([1e-4, 1e-3, 1e-2], [2.0, 1.0, 9.0], [2.0, 1.5, 3.0], 1e-3, 6e-3),
    "confusion": lambda: figures.confusion(matrix(4), names(4), normalised=True),
    "masks": lambda: figures.masks(
        [np.full((20, 30, 3), 90, dtype=np.uint8)],
        [np.eye(20, 30, dtype=np.uint8)],
        [np.eye(20, 30, 1, dtype=np.uint8)],
        ["a.png"],
        names(2),
    ),
    "per_class": lambda: figures.per_class(entries(4)),
    "class_balance": lambda: figures.class_balance({"train": [5, 9, 1], "test": [3, 3, 3]}, names(3)),
    "roc_curves": lambda: figures.roc_curves(PROBABILITIES, LABELS, names(4)),
    "pr_curves": lambda: figures.pr_curves(PROBABILITIES, LABELS, names(4)),
    "reliability": lambda: figures.reliability(some_bins(), some_bins(), ece_before=0.03),
    "confidence": lambda: figures.confidence(PROBABILITIES.max(1), PROBABILITIES.argmax(1) == LABELS),
    "embedding": lambda: figures.embedding(PROBABILITIES[:, :2], LABELS, names(4)),
    "augmentation": lambda: figures.augmentation(images(2), [images(2)] * 7),
    "explanations": lambda: figures.explanations(images(3), np.full((3, 6, 8), 0.5), ["a"] * 3),
}


NOTHING: dict[str, Callable[[], bytes]] = {
    "sweep_history": lambda: figures.sweep_history(swept("failed")),
    "sweep_curves": lambda: figures.sweep_curves(swept("failed")),
    "sweep_importances": lambda: figures.sweep_importances(swept("failed")),
    "sweep_parallel": lambda: figures.sweep_parallel(swept("pruned", "failed")),
    "sweep_slices": lambda: figures.sweep_slices(swept()),
    "sweep_one": lambda: figures.sweep_parallel(swept("complete")),
    "sweep_choices": lambda: figures.sweep_parallel(swept_by_choices()),
    "risk_coverage": lambda: figures.risk_coverage(CURVE | {key: [0.0, 0.0] for key in ("risk", "low", "high")}),
    "set_sizes": lambda: figures.set_sizes([]),
    "comparison": lambda: figures.comparison(found(1)),
    "curves": lambda: figures.curves([]),
    "per_class": lambda: figures.per_class([]),
    "class_balance": lambda: figures.class_balance({"test": [0, 0]}, names(2)),
    "roc_curves": lambda: figures.roc_curves(PROBABILITIES[:5], np.zeros(5, dtype=int), names(4)),
    "pr_curves": lambda: figures.pr_curves(PROBABILITIES[:0], LABELS[:0], names(4)),
    "reliability": lambda: figures.reliability(some_bins()[:1], some_bins()[:1]),
    "confidence": lambda: figures.confidence(np.zeros(0), np.zeros(0, dtype=bool)),
    "embedding": lambda: figures.embedding(np.zeros((0, 2)), LABELS[:0], names(4)),
    "augmentation": lambda: figures.augmentation(images(0), []),
    "explanations": lambda: figures.explanations(images(0), np.zeros((0, 6, 8)), []),
}


def chunks(png: bytes) -> list[bytes]:
    found, place = [], 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        found.append(png[place + 4 : place + 8])
        place += 12 + length
    return found


@pytest.mark.parametrize("name", DRAWINGS)
def test_same_data_same_bytes_without_time_or_version(name: str):
    first, second = DRAWINGS[name](), DRAWINGS[name]()
    assert first == second
    assert set(chunks(first)) == {b"IHDR", b"pHYs", b"IDAT", b"IEND"}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_to_show_is_a_picture_too(name: str):
    assert NOTHING[name]().startswith(b"\x89PNG")


def test_every_figure_is_drawn_here():
    assert set(DRAWINGS) == set(figures.__all__)


def test_drawing_leaves_the_settings_of_others_alone_and_ignores_them():
    before = figures.per_class(entries(3))
    with mpl.rc_context({"font.size": 30, "savefig.dpi": 50}):
        own = mpl.rcParams.copy()
        assert figures.per_class(entries(3)) == before
        assert all(mpl.rcParams[key] == value for key, value in own.items() if key != "backend")


def test_pyplot_is_not_needed():
    code = "import sys; from sightline.reporting import figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_equal_steps_of_the_colour_map_look_equal():
    rgb = SEQUENTIAL(np.linspace(0, 1, 65))[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    lightness = 116 * np.cbrt(luminance) - 16
    steps = -np.diff(lightness)
    assert steps.min() > 0.6 * steps.mean()
    assert steps.max() < 1.4 * steps.mean()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 500), st.floats(0.5, 60), st.floats(5, 12))
def test_thinned_ticks_never_touch(count: int, pitch: float, size: float):
    ticks = thinned(count, pitch, size)
    assert ticks[0] == 0
    assert len(ticks) == 1 or ticks.step * pitch >= size


@settings(max_examples=50, deadline=None)
@given(st.text(), st.integers(2, 30))
def test_shortened_names_fit_on_one_line(name: str, length: int):
    short = shorten(name, length)
    assert width(short) <= length
    assert "\n" not in short


def test_percent_has_no_more_digits_than_it_needs():
    assert [percent(value) for value in (0.5, 0.385, 0.0, 1.0)] == ["50 %", "38.5 %", "0 %", "100 %"]
