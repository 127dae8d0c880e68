"""SmoothGrad: saliency averaged over noisy copies of the image (Smilkov et al. 2017)."""

import torch
from torch import Tensor, nn

from sightline.explain.finish import explaining, finished, joined, parts
from sightline.explain.held import held
from sightline.explain.saliency import pixel_gradients
from sightline.explain.targets import TargetScore, class_logit

SAMPLES = 25


def smoothgrad(
    network: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    score: TargetScore = class_logit,
    batch_size: int = 32,
    samples: int = SAMPLES,
    noise: float = 0.15,
    seed: int = 0,
) -> Tensor:
    """Maps (B, H, W) of the mean gradient of noisy copies: its largest absolute value over the channels, 1 at the most.

    Every image gets the same draws, so that its map depends on nothing beside it; the global random state is not used.

    Args:
        network: any that has gradients.
        images: (B, 3, H, W), normalised.
        targets: (B, …), what is explained of each image.
        score: what the network says of each image's target.
        batch_size: how many images are worked on at once, which bounds memory.
        samples: noisy copies of each image.
        noise: standard deviation of the noise, as a share of the range of each image's values.
        seed: of the noise.
    """
    found = list[Tensor]()
    with explaining(network, gradients=True):
        for some, wanted in parts(images, targets, batch_size):
            drawn = torch.Generator().manual_seed(seed)
            with torch.no_grad():
                fixed, wanted = held(score, network(some.clone()), wanted)
            spread = noise * (some.amax(dim=(1, 2, 3), keepdim=True) - some.amin(dim=(1, 2, 3), keepdim=True))
            total = torch.zeros_like(some, dtype=torch.float32)
            for _ in range(samples):
                draw = torch.randn(some.shape[1:], generator=drawn).to(some)
                total += pixel_gradients(network, some + spread * draw, wanted, fixed)
            found.append(finished((total / samples).abs().amax(dim=1), (images.shape[2], images.shape[3])))
    return joined(found, images)
