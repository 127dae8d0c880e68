"""Occlusion: how far the score falls when a window of the image is covered (Zeiler and Fergus 2014)."""

import torch
from torch import Tensor, nn

from sightline.explain.finish import explaining, finished, joined, parts
from sightline.explain.held import held
from sightline.explain.targets import TargetScore, class_logit

WINDOWS = 8
"""As many windows fit side by side; they overlap by half."""


def occlusion(
    network: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    score: TargetScore = class_logit,
    batch_size: int = 32,
    window: tuple[int, int] | None = None,
    stride: tuple[int, int] | None = None,
    baseline: Tensor | float = 0.0,
) -> Tensor:
    """Maps (B, H, W) of the mean fall of the score over the windows that cover a pixel, where positive, 1 at most.

    Arguments are those of `falls`.
    """
    found = falls(
        network, images, targets, score=score, batch_size=batch_size, window=window, stride=stride, baseline=baseline
    )
    return finished(found, (images.shape[2], images.shape[3]))


def falls(
    network: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    score: TargetScore = class_logit,
    batch_size: int = 32,
    window: tuple[int, int] | None = None,
    stride: tuple[int, int] | None = None,
    baseline: Tensor | float = 0.0,
) -> Tensor:
    """(B, H, W) the mean fall of the score over the windows that cover each pixel, signed.

    Args:
        network: any.
        images: (B, 3, H, W), normalised.
        targets: (B, …), what is explained of each image.
        score: what the network says of each image's target.
        batch_size: how many images are worked on at once, which bounds memory.
        window: height and width in pixels; by default an eighth of the image.
        stride: from window to window, in pixels; by default half a window.
        baseline: what covers the window, normalised, of a shape that fits an image; 0 is the mean colour.
    """
    size = (images.shape[2], images.shape[3])
    height, width = window or (max(1, size[0] // WINDOWS), max(1, size[1] // WINDOWS))
    down, right = stride or (max(1, height // 2), max(1, width // 2))
    places = [(top, left) for top in _starts(size[0], height, down) for left in _starts(size[1], width, right)]
    found = list[Tensor]()
    with explaining(network, gradients=False):
        for some, wanted in parts(images, targets, batch_size):
            outputs = network(some.clone())
            fixed, wanted = held(score, outputs, wanted)
            whole = fixed(outputs, wanted).float()
            cover = torch.as_tensor(baseline, dtype=some.dtype, device=some.device).expand_as(some)
            total, times = (torch.zeros(len(some), *size, device=some.device) for _ in range(2))
            for top, left in places:
                rows, columns = slice(top, top + height), slice(left, left + width)
                covered = some.clone()
                covered[:, :, rows, columns] = cover[:, :, rows, columns]
                fall = whole - fixed(network(covered), wanted).float()
                total[:, rows, columns] += fall[:, None, None]
                times[:, rows, columns] += 1
            found.append(total / times.clamp(min=1))
    return joined(found, images)


def _starts(length: int, window: int, stride: int) -> range:
    """Where windows begin; the last may reach beyond the edge, so that all is covered."""
    return range(0, max(0, length - window + stride - 1) // stride * stride + 1, stride)
