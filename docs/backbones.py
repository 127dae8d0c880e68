"""Writes docs/backbones.md, what networks of timm's give a feature pyramid: `bash run.sh docs/backbones.py`.

Everything is measured on the meta device: shapes alone, nothing is computed and nothing downloaded.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

import torch

from sightline.models.networks.fitting import InputFit
from sightline.models.networks.pyramid import STRIDES, Pyramid
from sightline.models.networks.unet import Unet
from sightline.models.pyramids import build_pyramid

PAGE = Path(__file__).with_suffix(".md")
SIZES = ((225, 231), (33, 47))
CLASSES = 5
FAMILIES = (
    *("vgg11_bn", "resnet18", "efficientnet_b0", "mobilenetv3_small_100", "mobilenetv4_conv_small", "densenet121"),
    *("regnety_002", "convnext_atto", "convnextv2_atto", "repvgg_a0", "rexnet_100", "ghostnet_100", "dpn48b"),
    *("ese_vovnet19b_dw", "hrnet_w18_small", "dla34", "hgnetv2_b0", "tresnet_m", "starnet_s1", "inception_next_atto"),
    *("repvit_m0_9", "edgenext_xx_small", "mambaout_femto", "poolformer_s12", "caformer_s18", "fastvit_t8"),
    *("mobilevit_xxs", "maxvit_rmlp_pico_rw_256", "coatnet_pico_rw_224", "efficientformer_l1", "efficientformerv2_s0"),
    *("efficientvit_b0", "efficientvit_m0", "shvit_s1", "levit_128s", "nextvit_small", "tiny_vit_5m_224"),
    *("swin_tiny_patch4_window7_224", "swinv2_tiny_window8_256", "focalnet_tiny_srf", "davit_tiny", "gcvit_xxtiny"),
    *("pvt_v2_b0", "twins_svt_small", "mvitv2_tiny", "hiera_tiny_224", "nest_tiny", "volo_d1_224", "visformer_tiny"),
    *("pit_ti_224", "crossvit_tiny_240", "tnt_s_patch16_224", "vit_tiny_patch16_224"),
    *("deit_tiny_distilled_patch16_224", "beit_base_patch16_224", "eva02_tiny_patch14_224", "xcit_nano_12_p16_224"),
    *("cait_xxs24_224", "gmlp_ti16_224", "resmlp_12_224", "mixer_s32_224"),
)
"""A model of each family."""
HEAD = f"""# Backbones of masks

`model=unet` and `model=multitask` take any of these as `model.backbone=NAME`, and whatever else timm has of their kind.
For one model of each of {len(FAMILIES)} families this page says which strides its own maps have, the channels of its
pyramid at the strides 4, 8, 16 and 32, and how an image of any size is made one that it takes. Maps that are near a
wanted stride are resized to it, others are made by convolutions from the nearest.

`multiples of 32` fills an image up with zeros at the bottom and on the right, and cuts the answer back. `224 x 224`
resizes the image, and the answer back: such a network takes one size alone. All are built for 224 px here; that size
follows `image_size`.

Each of them was built with a pyramid and a U-Net of {CLASSES} classes and asked about images of 225 x 231 and 33 x 47
pixels. The page is written by `bash run.sh docs/backbones.py`, which stops at the first that does not answer.

| model | strides of its own | channels at 4, 8, 16, 32 | sizes |
| --- | --- | --- | --- |
"""


def answer(name: str) -> Pyramid:
    """The pyramid of a backbone, once it and a U-Net over it have answered images of both sizes with the right shapes.

    Raises:
        AssertionError: a shape is not what it should be.
    """
    with torch.device("meta"), warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        pyramid = build_pyramid(name).eval()
        unet = Unet(pyramid, CLASSES).eval()
        for height, width in SIZES:
            images = torch.empty(2, 3, height, width)
            maps = [tuple(one.shape) for one in pyramid(images)]
            rows = zip(pyramid.channels, STRIDES, strict=True)
            assert maps == [(2, channels, -(-height // stride), -(-width // stride)) for channels, stride in rows], name
            assert unet(images).shape == (2, CLASSES, height, width), name
    return pyramid


def sizes(fit: InputFit) -> str:
    """How images of any size are met."""
    return f"multiples of {fit.multiple}" if fit.size is None else "{} x {}".format(*fit.size)


def lines() -> Iterator[str]:
    """A row of the table for each family."""
    for name in FAMILIES:
        pyramid = answer(name)
        strides = ", ".join(f"{native.stride:.3g}" for native in pyramid.own)
        channels = ", ".join(map(str, pyramid.channels))
        yield f"| `{name}` | {strides} | {channels} | {sizes(pyramid.fit)} |\n"


if __name__ == "__main__":
    PAGE.write_text(HEAD + "".join(lines()))
