"""Grad-CAM of any timm model: the layer to look at is found by itself.

    bash run.sh examples/grad_cam/any_timm_model.py

A small ResNet learns the digits; the overlays are in the PNG. As a rule the features before pooling are explained. A
ViT that answers from its class token does not look at the others after its last attention, so what that reads is taken.
"""

from pathlib import Path

import timm
import torch

from sightline.cli import configure
from sightline.commands.train import train
from sightline.data.dataset import Dataset
from sightline.explain.gradcam import gradcam
from sightline.explain.layers import target_layer
from sightline.inference.model import load_model, load_preprocessing, load_split
from sightline.inference.predict import eval_loader
from sightline.reporting import figures

for name in ("test_resnet", "test_convnext", "test_efficientnet", "test_vit", "test_vit2"):
    layer = target_layer(timm.create_model(name))
    print(f"{name:<18} {layer.name:<17} {layer.kind}")

cpu = torch.device("cpu")
alone = ["mode=demo", "mode.name=trial", "mode.stages=[validate,train]", "tracking=none"]  # and no pictures
network = ["model=timm", "model.name=test_resnet", "model.pretrained=false", "image_size=32"]
short = ["training.epochs=2", "training.batch_size=32", "optimizer.lr=3e-3", "transforms=none"]
config = configure(*alone, *network, *short)
run = train(config)

model, preprocessing = load_model(run, cpu), load_preprocessing(run)
dataset = Dataset.open(config, load_split(run), preprocessing.reduction)
batch = next(iter(eval_loader(dataset, "val", preprocessing, 64, cpu)))
with torch.inference_mode():
    sure, predicted = model(batch.images).softmax(dim=1).max(dim=1)
right = predicted == batch.targets["label"]
maps = gradcam(model, batch.images, predicted)
print(f"\ntest_resnet, two epochs old: {right.float().mean():.1%} of {len(right)} images of val right")

titles = [f"{int(label)}: {share:.0%}" for label, share in zip(predicted[:8], sure[:8], strict=True)]
pixels = preprocessing.to_pixels(batch.images[:8])
picture = Path("runs/examples/grad_cam_resnet.png")
picture.parent.mkdir(parents=True, exist_ok=True)
picture.write_bytes(figures.explanations(pixels, maps[:8].numpy(), titles, right=right[:8].tolist()))
print(f"overlays: {picture}")
