"""A feature pyramid of any backbone, and a U-Net over it, for images of any size: a ViT as well as a ResNet.

    bash run.sh examples/architectures/masks_of_any_backbone.py

Weights are random, so nothing is downloaded; `pretrained=True` or `weights=FILE` takes learned ones.
"""

import torch

from sightline.models.networks.unet import Decoder, Unet
from sightline.models.pyramids import build_pyramid

images = torch.zeros(1, 3, 97, 131)
for name in ("cnn", "residual18", "convnext_atto", "vit_tiny_patch16_224"):
    pyramid = build_pyramid(name, image_size=96).eval()
    decoder = Decoder(pyramid.channels, pyramid.strides, upsampling="nearest", atrous_rates=(3, 6))
    model = Unet(pyramid, num_classes=5, decoder=decoder).eval()
    with torch.no_grad():
        maps, logits = pyramid(images), model(images)
    print(name, *(f"1/{stride}: {tuple(one.shape[1:])}" for stride, one in zip(pyramid.strides, maps, strict=True)))
    print(f"  logits {tuple(logits.shape[1:])}, images are filled up to multiples of {pyramid.fit.multiple}")
