"""Random erasing: a rectangle of an image becomes the mean colour."""

import numpy as np
import torch
from torch import Tensor

from sightline.data.randomness import Draw
from sightline.data.transforms.boxes import SLOTS, draw_boxes

SCALE = (0.02, 0.33)
RATIO = (0.3, 3.3)


def erase(images: Tensor, probability: float, draw: Draw) -> Tensor:
    """Set one rectangle of some images to zero, in place (Zhong et al. 2017), with torchvision's areas and shapes.

    Args:
        images: float (B, C, H, W), normalised, so that zero is the mean colour.
        probability: of each image to lose a rectangle.
        draw: counted uniforms.
    """
    if not probability:
        return images
    numbers = draw(1 + SLOTS, "erasing")
    sizes = np.tile(np.array(images.shape[2:], dtype=np.int64), (len(images), 1))
    boxes, found = draw_boxes(sizes, SCALE, RATIO, numbers[:, 1:], margin=1)
    chosen = np.flatnonzero(found & (numbers[:, 0] < probability))
    if chosen.size:
        rows = torch.from_numpy(chosen).to(images.device)
        places = torch.from_numpy(boxes[chosen].astype(np.int64)).to(images.device)
        images[rows] = images[rows].masked_fill(inside(places, images.shape[2], images.shape[3])[:, None], 0.0)
    return images


def inside(boxes: Tensor, height: int, width: int) -> Tensor:
    """(B, height, width) which pixels lie within boxes (B, 4) of top, left, height, width."""
    top, left, tall, wide = boxes[:, :, None].unbind(dim=1)
    rows = torch.arange(height, device=boxes.device)
    columns = torch.arange(width, device=boxes.device)
    down = (rows >= top) & (rows < top + tall)
    across = (columns >= left) & (columns < left + wide)
    return down[:, :, None] & across[:, None, :]
