"""Explanation: heat maps for right and wrong images of each class, from the val split so that the test stays locked."""

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.explain.gradcam import gradcam
from sightline.explain.layers import target_layer
from sightline.inference.model import load_model, load_preprocessing, load_split
from sightline.inference.predictions import load_predictions
from sightline.machine.device import pick_device
from sightline.machine.terminal import logger
from sightline.metrics.predictions import Predictions
from sightline.reporting import figures
from sightline.run.folder import Run


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `explain/explain.json`, `explain/maps.npz` and one gallery, each map for the class that was predicted."""
    device, preprocessing = pick_device(config.device), load_preprocessing(run)
    dataset = Dataset.open(config, load_split(run), preprocessing.stored_side)
    model = load_model(run, device)
    predictions = load_predictions(run, "val", "choose images to explain", Predictions.from_arrays)
    chosen = choose(predictions, config.explain.classes, config.explain.per_class)
    probabilities = predictions.probabilities()[chosen]
    predicted = probabilities.argmax(axis=1)

    positions = dataset.positions("val")[chosen]
    pixels, sizes = dataset.store.batch(dataset.rows[positions])
    images = preprocessing.transform()(pixels, sizes)
    maps = gradcam(model, images.to(device), torch.from_numpy(predicted).to(device)).cpu().numpy()

    items = [
        {
            "id": str(predictions.ids[row]),
            "label": int(predictions.labels[row]),
            "prediction": int(predicted[number]),
            "target": int(predicted[number]),
            "probability": float(probabilities[number, predicted[number]]),
            "right": bool(predicted[number] == predictions.labels[row]),
            "map": number,
        }
        for number, row in enumerate(chosen)
    ]
    layer, kind = target_layer(model)
    content = {"method": config.explain.method, "layer": layer, "kind": kind, "split": "val", "items": items}
    run.save_arrays("explain/maps.npz", maps=maps.astype(np.float32))
    run.save_json("explain/explain.json", content)
    titles = [_title(item, preprocessing.class_names) for item in items]
    right = [bool(item["right"]) for item in items]
    picture = figures.explanations(preprocessing.to_pixels(images), maps, titles, right=right)
    run.save_bytes("figures/explanations.png", picture)
    logger.info("explain: %s at %s, %d images", config.explain.method, layer, len(items))
    return {"images": float(len(items))}


def choose(predictions: Predictions, classes: int, per_class: int) -> NDArray[np.int64]:
    """Rows to explain: of each class the first right and the most confident wrong ones, `per_class` of either."""
    predicted = predictions.logits.argmax(axis=1)
    confidence = predictions.probabilities().max(axis=1)
    chosen: list[int] = []
    for label in np.unique(predictions.labels)[:classes]:
        of_class = np.flatnonzero(predictions.labels == label)
        right = of_class[predicted[of_class] == label]
        wrong = of_class[predicted[of_class] != label]
        chosen += right[:per_class].tolist()
        chosen += wrong[np.argsort(-confidence[wrong], kind="stable")][:per_class].tolist()
    return np.array(chosen, dtype=np.int64)


def _title(item: dict[str, object], names: tuple[str, ...]) -> str:
    truth, said = names[int(str(item["label"]))], names[int(str(item["prediction"]))]
    share = f"{float(str(item['probability'])):.0%}"
    return f"{truth}\n{share}" if item["right"] else f"{truth}\ntaken for {said}, {share}"
