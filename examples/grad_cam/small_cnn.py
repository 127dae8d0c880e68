"""Grad-CAM of the small network on handwritten digits, put to the test.

    bash run.sh examples/grad_cam/small_cnn.py

Blanking the hottest fifth of each image should cost its answer far more than blanking the coldest fifth. The overlays
are in the PNG.
"""

from pathlib import Path

import torch

from sightline.cli import configure
from sightline.commands.train import train
from sightline.data.dataset import Dataset
from sightline.explain.gradcam import gradcam
from sightline.inference.model import load_model, load_preprocessing, load_split
from sightline.inference.predict import eval_loader
from sightline.reporting import figures

cpu = torch.device("cpu")
alone = ["mode=demo", "mode.name=trial", "mode.stages=[validate,train]", "tracking=none"]  # and no pictures
small = ["image_size=32", "model.width=16", "training.epochs=3", "training.batch_size=32"]
config = configure(*alone, *small)
run = train(config)

model, preprocessing = load_model(run, cpu), load_preprocessing(run)
dataset = Dataset.open(config, load_split(run), preprocessing.reduction)
batch = next(iter(eval_loader(dataset, "val", preprocessing, 64, cpu)))
with torch.inference_mode():
    sure, predicted = model(batch.images).softmax(dim=1).max(dim=1)
maps = gradcam(model, batch.images, predicted)


def after_blanking(where: torch.Tensor) -> float:
    """Mean probability of the answers once some pixels have the colour of the background."""
    background = batch.images.amin(dim=(2, 3), keepdim=True)
    with torch.inference_mode():
        probabilities = model(torch.where(where[:, None], background, batch.images)).softmax(dim=1)
    return float(probabilities.gather(1, predicted[:, None]).mean())


flat = maps.flatten(1)
hot, cold = flat.quantile(0.8, dim=1)[:, None, None], flat.quantile(0.2, dim=1)[:, None, None]
print(f"{len(maps)} images, maps of {maps.shape[1]} x {maps.shape[2]}")
print(f"  mean probability of the answer     {sure.mean():.3f}")
print(f"  without the coldest fifth          {after_blanking(maps <= cold):.3f}")
print(f"  without the hottest fifth          {after_blanking(maps >= hot):.3f}")

titles = [f"{int(label)}: {share:.0%}" for label, share in zip(predicted[:8], sure[:8], strict=True)]
picture = Path("runs/examples/grad_cam_cnn.png")
picture.parent.mkdir(parents=True, exist_ok=True)
picture.write_bytes(figures.explanations(preprocessing.to_pixels(batch.images[:8]), maps[:8].numpy(), titles))
print(f"overlays: {picture}")
