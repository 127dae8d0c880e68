"""Pairs of name and value, and small tables, about data, training and machine: read off the files of a run."""

from collections import Counter
from collections.abc import Mapping
from statistics import median
from typing import Any, Final

from sightline.metrics.catalogue import HEADLINES, METRICS, monitored
from sightline.reporting.contents import Contents
from sightline.reporting.tables import MISSING, duration, number

Facts = list[tuple[str, str]]

SPLIT_HEADER: Final = ("Split", "Images", "Share", "Smallest class", "Largest class", "Used for")
METHODS: Final = {"gradcam": "Grad-CAM"}
USED_FOR: Final = {
    "train": "fitting the weights",
    "val": "choosing the epoch",
    "calibration": "fitting the temperature",
    "test": "the final numbers, and nothing else",
}


def split_rows(split: Mapping[str, Any]) -> list[list[str]]:
    """One row a split: images, share, smallest and largest class, what it is for."""
    counts, names = split["counts"], split["class_names"]
    rows = []
    for role, count in counts.items():
        of_class = Counter(split["items"][role]["labels"])
        sizes = [of_class.get(k, 0) for k in range(len(names))]
        rows.append([
            role, f"{count:,}", number("accuracy", count / max(1, sum(counts.values()))),
            f"{min(sizes):,}", f"{max(sizes):,}", USED_FOR.get(role, ""),
        ])  # fmt: skip
    return rows


def data_facts(validation: Mapping[str, Any]) -> Facts:
    """Number of images, sizes, colour modes."""
    sizes = validation.get("sizes") or {}
    return [
        ("Images", f"{validation['n']:,} of {len(validation['classes'])} classes"),
        ("Sizes", "; ".join(f"{name} {_spread(value)}" for name, value in sizes.items()) or MISSING),
        (
            "Colour modes",
            ", ".join(f"{mode} {count:,}" for mode, count in (validation.get("modes") or {}).items()) or MISSING,
        ),
    ]


def _spread(value: object) -> str:
    """`32` where all are equal, else `24 to 400, median 64`."""
    if not isinstance(value, Mapping) or not {"min", "max"} <= set(value):
        return str(value)
    if value["min"] == value["max"]:
        return str(value["min"])
    middle = f", median {value['median']}" if "median" in value else ""
    return f"{value['min']} to {value['max']}{middle}"


def preprocessing_facts(preprocessing: Mapping[str, Any]) -> Facts:
    """What every image goes through before the model sees it."""
    side = preprocessing["image_size"]
    return [
        ("Size", f"{side} by {side} pixels, {preprocessing['interpolation']}"),
        ("Crop", f"the central {round(100 * preprocessing['crop_fraction'], 1):g} %"),
        ("Mean", ", ".join(f"{value:.3f}" for value in preprocessing["mean"])),
        ("Standard deviation", ", ".join(f"{value:.3f}" for value in preprocessing["std"])),
    ]


def training_facts(contents: Contents) -> Facts:
    """How long, how fast, which epoch was kept, and the choices that shaped it; epochs count from 1 as in the log."""
    facts: Facts = []
    if contents.epochs:
        asked = contents.setting("training.epochs")
        facts.append(("Epochs", f"{len(contents.epochs)}" + (f" of {asked} allowed" if asked else "")))
    if kept := contents.kept:
        reason = f"{'highest' if monitored(contents.monitor).higher_is_better else 'lowest'} {contents.monitor}"
        metric = METRICS[HEADLINES[0]]
        value = f"validation {metric.short} {number(metric.name, kept.get(f'val_{metric.name}'))}"
        facts.append(("Best epoch", f"{int(kept['epoch']) + 1}: {reason}, {value}"))
        facts.append(("Weights kept", _weights_kept(contents)))
    seconds = [float(row["seconds"]) for row in contents.epochs if row.get("seconds") is not None]
    if seconds:
        facts.append(("Time", f"{duration(sum(seconds))} ({duration(median(seconds))} an epoch)"))
    speeds = [float(row["images_per_second"]) for row in contents.epochs if row.get("images_per_second") is not None]
    if speeds:
        facts.append(("Speed", f"{median(speeds):,.0f} images/s, median of the epochs"))
    for label, key in (
        ("Model", "model.name"),
        ("Augmentation", "transforms.name"),
        ("Freezing", "freezing.name"),
        ("Optimiser", "optimizer.name"),
        ("Learning rate", "optimizer.lr"),
        ("Schedule", "scheduler.name"),
        ("Batch size", "training.batch_size"),
        ("Rare classes", "imbalance.name"),
        ("Teacher", "training.teacher"),
    ):
        if (value := contents.setting(key)) is not None:
            facts.append((label, str(value)))
    return facts


def _weights_kept(contents: Contents) -> str:
    soup = contents.soup
    if soup is None:
        return "those of the best epoch"
    epochs = ", ".join(str(epoch + 1) for epoch in soup["epochs"])
    if soup["taken"]:
        return f"the average of epochs {epochs}: better on the validation split than the best one alone"
    return "those of the best epoch: no average with other epochs was better on the validation split"


def cost_facts(cost: Mapping[str, Any]) -> Facts:
    """Size and speed of the model, as measured by `evaluate`."""
    where = f"{cost['threads']} threads of the CPU" if cost["device"] == "cpu" else cost["device"]
    trained = "all" if cost["trained_parameters"] == cost["parameters"] else f"{cost['trained_parameters']:,}"
    return [
        ("Parameters", f"{cost['parameters']:,}, {trained} of them trained in the last epoch"),
        ("Arithmetic", f"{cost['flops'] / 1e9:.3g} billion operations an image of {cost['image_size']} pixels"),
        ("One image", f"{cost['latency_ms']:.3g} ms, float32, {where}"),
        ("In batches", f"{cost['images_per_second']:,.0f} images/s, {cost['batch']} at a time"),
    ]


def explain_facts(explain: Mapping[str, Any]) -> Facts:
    """Method, layer, and how many images were explained."""
    right = sum(bool(item["right"]) for item in explain["items"])
    return [
        ("Method", METHODS.get(explain["method"], str(explain["method"]))),
        ("Layer", str(explain["layer"])),
        (
            "Images",
            f"{right} answered right and {len(explain['items']) - right} wrong, of the {explain['split']} split",
        ),
    ]


def machine_facts(contents: Contents) -> Facts:
    """Code, data, machine and seed of the run."""
    provenance = contents.provenance or {}
    git, machine, data = provenance.get("git"), provenance.get("machine") or {}, provenance.get("data") or {}
    commit = (
        f"{git['commit']}{', with uncommitted changes' if git['dirty'] else ''}" if git else "not under version control"
    )
    return [
        ("Begun", str(provenance.get("time", MISSING))),
        ("Code", commit),
        ("Sightline", str(provenance.get("sightline", MISSING))),
        ("Python", str(provenance.get("python", MISSING))),
        ("Seed", str(contents.setting("seed", MISSING))),
        ("Configuration hash", str(provenance.get("config_hash", MISSING))),
        ("Data", ", ".join(f"{key} {value}" for key, value in data.items()) or MISSING),
        (
            "Machine",
            ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in machine.items() if value is not None)
            or MISSING,
        ),
        ("Threads", str(provenance.get("threads", MISSING))),
    ]
