"""Sightline's small network and timm's, built by name for any image size, with what they cost.

    bash run.sh examples/architectures/any_model_any_size.py

Up to 64 pixels stems and patches are made smaller, so that there are maps left to look at: a ViT takes more operations
at 32 pixels than at 96. Weights are random, so nothing is downloaded.
"""

import torch
from torch.utils.flop_counter import FlopCounterMode

from sightline.cli import configure
from sightline.models.build import build_model

print(f"{'model':<22} {'pixels':>6} {'parameters':>12} {'operations':>12}  last maps")
for name in ("cnn", "resnet18", "convnext_atto", "vit_tiny_patch16_224"):
    choice = ["model=cnn"] if name == "cnn" else ["model=timm", f"model.name={name}", "model.pretrained=false"]
    config = configure(*choice).model
    for side in (32, 96, 224):
        with torch.device("meta"):  # shapes alone: nothing is computed
            model = build_model(config, heads={"label": 10}, image_size=side)
            image = torch.zeros(1, 3, side, side)
        with FlopCounterMode(display=False) as counter:
            features = model.forward_features(image)
            model.forward_head(features)
        parameters = sum(parameter.numel() for parameter in model.parameters())
        shape = " x ".join(str(length) for length in features.shape[1:])
        print(f"{name:<22} {side:>6} {parameters / 1e6:>10.2f} M {counter.get_total_flops() / 1e6:>10.0f} M  {shape}")
