"""A fabricated run folder: ten classes, realistic numbers, every file a stage would have written."""

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from sightline.reporting import figures
from sightline.reporting.contents import Contents
from sightline.run.folder import Run

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CONFIG = """\
seed: 0
image_size: null
mode: {name: train, stages: [validate, train, calibrate, evaluate, explain, report]}
data: {name: cifar10, root: data, val_fraction: 0.1, calibration_fraction: 0.1}
model: {name: cnn, width: 64}
training: {epochs: 20, batch_size: 512, monitor: val_loss, patience: 5}
report: {title: null}
"""


def fabricated_predictions(n: int, classes: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits and labels of a model that is right about nine times in ten and too sure of itself."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, n)
    logits = random.normal(0, 1, (n, classes))
    strength = random.normal(5.0, 2.4, n) - (labels % 4 == 3) * 1.3
    logits[np.arange(n), labels] += strength
    logits[np.arange(n), (labels * 3 + 2) % classes] += random.exponential(1.3, n)
    return 2.5 * logits, labels


def interval(value: float, half: float, method: str = "bootstrap, stratified, 2000") -> dict[str, Any]:
    low, high = max(0.0, value - half), min(1.0, value + half)
    return {"value": value, "low": low, "high": high, "level": 0.95, "method": method}


def bins(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], count: int = 15
) -> tuple[list[dict[str, Any]], float]:
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    edges, rows, ece = np.linspace(0, 1, count + 1), [], 0.0
    for low, high in pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        k, hit = int(inside.sum()), float(right[inside].sum())
        row: dict[str, Any] = {"low": low, "high": high, "count": k, "confidence": None, "accuracy": None}
        row |= {"accuracy_low": None, "accuracy_high": None}
        if k:
            p, z = hit / k, 1.96
            centre, half = (
                (p + z * z / 2 / k) / (1 + z * z / k),
                z * np.sqrt(p * (1 - p) / k + z * z / 4 / k**2) / (1 + z * z / k),
            )
            row |= {"confidence": float(confidence[inside].mean()), "accuracy": p}
            row |= {"accuracy_low": float(centre - half), "accuracy_high": float(centre + half)}
            ece += k / len(labels) * abs(p - row["confidence"])
            rows.append(row)
    return rows, ece


def evaluation(logits: NDArray[np.float64], labels: NDArray[np.int64], names: tuple[str, ...]) -> dict[str, Any]:
    classes, said = len(names), logits.argmax(1)
    matrix = np.zeros((classes, classes), dtype=int)
    np.add.at(matrix, (labels, said), 1)
    support, right = matrix.sum(1), np.diag(matrix)
    recall, precision = right / np.maximum(support, 1), right / np.maximum(matrix.sum(0), 1)
    f1 = 2 * right / np.maximum(support + matrix.sum(0), 1)
    accuracy = float(right.sum() / len(labels))
    log_loss = float(-np.log(softmax(logits, axis=1)[np.arange(len(labels)), labels]).mean())
    metrics = {
        "accuracy": interval(accuracy, 0.0065, "Wilson"),
        "top5_accuracy": interval(0.994, 0.0015, "Wilson"),
        "balanced_accuracy": interval(float(recall.mean()), 0.0066),
        "precision_macro": interval(float(precision.mean()), 0.0066),
        "recall_macro": interval(float(recall.mean()), 0.0066),
        "f1_macro": interval(float(f1.mean()), 0.0066),
        "roc_auc_ovr": interval(0.9884, 0.0011),
        "log_loss": {
            "value": log_loss,
            "low": log_loss - 0.02,
            "high": log_loss + 0.02,
            "level": 0.95,
            "method": "bootstrap",
        },
    }
    per_class = [
        {
            "class": name,
            "support": int(support[k]),
            "precision": interval(float(precision[k]), 0.02, "Wilson"),
            "recall": interval(float(recall[k]), 0.02, "Wilson"),
            "f1": interval(float(f1[k]), 0.02),
            "roc_auc": 0.98,
        }
        for k, name in enumerate(names)
    ]
    return {
        "split": "test", "n": len(labels), "metrics": metrics, "per_class": per_class, "confusion": matrix.tolist(),
        "class_names": list(names), "notes": ["Intervals cover this model on these images, not the luck of training."],
    }  # fmt: skip


def calibration(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, Any]:
    (before, ece_before), (after, ece_after) = (
        bins(softmax(logits, axis=1), labels),
        bins(softmax(logits / 1.9, axis=1), labels),
    )

    def side(ece: float, loss: float) -> dict[str, Any]:
        return {
            "log_loss": {"value": loss, "low": loss - 0.02, "high": loss + 0.02, "level": 0.95, "method": "bootstrap"},
            "brier": interval(0.18, 0.008),
            "ece": interval(ece, 0.005),
            "mce": interval(min(0.9, 6 * ece), 0.05),
        }

    return {
        "split": "calibration", "n": len(labels), "temperature": 1.904, "n_promises": 2500, "bins": 15,
        "before": side(ece_before, 0.412), "after": side(ece_after, 0.371),
        "null": {"before": {"ece": 0.0081, "mce": 0.051}, "after": {"ece": 0.0107, "mce": 0.064}},
        "reliability": {"before": before, "after": after},
        "judged_on": 5000,
        "conformal": [
            {
                "method": "lac", "alpha": 0.1, "conditional": "marginal", "quantile": 0.7,
                "coverage": interval(0.903, 0.008, "Wilson"), "mean_size": 1.03, "empty": 0.02, "single": 0.93,
            },
            {
                "method": "aps", "alpha": 0.1, "conditional": "class", "quantile": [0.9] * 9 + [None],
                "coverage": interval(0.911, 0.008, "Wilson"), "mean_size": 1.62, "empty": 0.0, "single": 0.61,
            },
        ],
        "selective": [
            {
                "target_risk": 0.05, "threshold": 0.81, "coverage": 0.83, "risk": 0.031, "risk_bound": 0.048,
                "error": 0.05,
            },
            {"target_risk": 0.001, "threshold": None, "coverage": 0.0, "risk": None, "risk_bound": None, "error": 0.05},
        ],
    }  # fmt: skip


def epochs(count: int = 14) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for epoch in range(count):
        rows += [
            {"kind": "step", "step": 88 * epoch + 44, "epoch": epoch, "loss": 2.0 * 0.85**epoch, "lr": 0.01},
            {
                "kind": "epoch", "epoch": epoch, "step": 88 * (epoch + 1),
                "train_loss": 1.9 * 0.84**epoch + 0.05, "train_accuracy": 1 - 0.62 * 0.85**epoch,
                "train_f1_macro": 1 - 0.64 * 0.85**epoch,
                "val_loss": 1.7 * 0.80**epoch + 0.38 + 0.012 * max(0, epoch - 9) ** 1.3,
                "val_accuracy": 0.885 - 0.5 * 0.75**epoch, "val_f1_macro": 0.883 - 0.52 * 0.75**epoch,
                "lr": 0.01 * (1 - epoch / 20), "seconds": 41.0 + epoch % 3,
                "images_per_second": 1080.0 - 7 * (epoch % 4),
            },
        ]  # fmt: skip
    return rows


def fake_images(n: int, seed: int = 0) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).integers(0, 255, (n, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def split(names: tuple[str, ...]) -> dict[str, Any]:
    counts = {"train": 400, "val": 50, "calibration": 50, "test": 100}
    items = {
        role: {
            "ids": [f"{role}/{i:05d}" for i in range(n)], "hashes": [f"{role}{i}" for i in range(n)],
            "labels": [i % len(names) for i in range(n)], "groups": None,
        }
        for role, n in counts.items()
    }  # fmt: skip
    return {"seed": 0, "class_names": list(names), "counts": counts, "items": items}


def validation(names: tuple[str, ...]) -> dict[str, Any]:
    def finding(check: str, policy: str, outcome: str, count: int, message: str, *examples: str) -> dict[str, Any]:
        return {
            "check": check, "policy": policy, "outcome": outcome, "count": count, "message": message,
            "examples": examples,
        }  # fmt: skip

    side = {"min": 32, "median": 32, "max": 32}
    return {
        "n": 600, "outcome": "warn", "classes": dict.fromkeys(names, 60), "sizes": {"width": side, "height": side},
        "modes": {"RGB": 600},
        "findings": [
            finding("unreadable", "refuse", "pass", 0, "every image opens"),
            finding("duplicates_across_splits", "drop", "drop", 3, "3 images are in two splits", "train/00017"),
            finding("label_conflicts", "warn", "warn", 2, "2 images carry two labels", "train/00021", "train/00034"),
        ],
    }  # fmt: skip


def provenance() -> dict[str, Any]:
    return {
        "sightline": "0.1.0", "time": "2026-11-21T01:20:11+00:00",
        "command": ["python", "-m", "sightline", "mode=train", "data.root=my data", "training.epochs=20"],
        "git": {"commit": "4f2c9d1e8b7a6053c2d1e0f9a8b7c6d5e4f3a2b1", "dirty": True}, "python": "3.11.7",
        "packages": {"torch": "2.15.0", "numpy": "2.4.6", "timm": "1.0.31"},
        "machine": {"platform": "Linux", "cpu": "AMD EPYC", "cores": 4, "memory_gb": 23.4, "gpu": None},
        "data": {"source": "cifar10", "n": 600, "fingerprint": "9f6e0c"}, "config_hash": "c0ffee12", "threads": 4,
    }  # fmt: skip


def pictures(run: Run, logits: NDArray[np.float64], labels: NDArray[np.int64], names: tuple[str, ...]) -> None:
    images, probabilities = fake_images(16), softmax(logits, axis=1)
    found = run.load_json("calibration.json")
    matrix = run.load_json("evaluation.json")["confusion"]
    drawings = {
        "curves": figures.curves(run.rows("metrics.jsonl"), best_epoch=10),
        "confusion": figures.confusion(matrix, names, normalised=False),
        "roc": figures.roc_curves(probabilities, labels, names),
        "precision_recall": figures.pr_curves(probabilities, labels, names),
        "reliability": figures.reliability(found["reliability"]["before"], found["reliability"]["after"]),
        "gallery_wrong": figures.augmentation(images[:3], [images[:3]] * 2),
        "explanations": figures.explanations(images[:4], np.ones((4, 32, 32)) * 0.5, list(names[:4])),
    }
    for name, content in drawings.items():
        run.save_bytes(f"figures/{name}.png", content)


def fabricate(path: Path, n: int = 2000) -> Run:
    """Write a whole finished run into an empty folder."""
    run = Run(path)
    logits, labels = fabricated_predictions(n, len(NAMES))
    run.save_text("config.yaml", CONFIG)
    for name, content in (
        ("provenance.json", provenance()),
        ("split.json", split(NAMES)),
        ("validation.json", validation(NAMES)),
        ("evaluation.json", evaluation(logits, labels, NAMES)),
        ("calibration.json", calibration(logits, labels)),
    ):
        run.save_json(name, content)
    run.save_json(
        "preprocessing.json",
        {"image_size": 32, "mean": [0.491, 0.482, 0.446], "std": [0.247, 0.243, 0.261], "interpolation": "bilinear",
         "crop_fraction": 1.0, "class_names": list(NAMES)},
    )  # fmt: skip
    item = {"id": "test/00001", "label": 3, "prediction": 5, "target": 5, "probability": 0.93, "right": False, "map": 0}
    run.save_json("explain/explain.json", {"method": "gradcam", "layer": "stage3", "split": "test", "items": [item]})
    for row in epochs():
        run.append("metrics.jsonl", row)
    run.append("test_ledger.jsonl", {"time": "2026-11-21T01:31:00+00:00", "stage": "evaluate", "purpose": "evaluation"})
    pictures(run, logits, labels, NAMES)
    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run, shared: read it, do not write to it."""
    return fabricate(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def copy(finished: Run, tmp_path: Path) -> Run:
    """A finished run of one's own."""
    return Run(Path(shutil.copytree(finished.path, tmp_path / "family" / "run")))


@pytest.fixture
def contents(finished: Run) -> Contents:
    """What the finished run holds."""
    return Contents(finished)
