"""What stands around a trained network: normalisation before it, temperature and softmax after it."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sightline.data.preprocessing import Preprocessing
from sightline.models.outputs import Outputs, by_head, only_tensor


class NormalisedNetwork(nn.Module):
    """A network that takes images as anyone has them: normalisation is its first step.

    Takes (n, 3, image_size, image_size) float32 in 0…1, already resized and cropped; gives what the network gives:
    logits, for classification. Explanations in pixel space, attacks and exports build on it.

    Args:
        network: what takes normalised images.
        preprocessing: mean and standard deviation of the channels.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Outputs:
        """Outputs of the network."""
        outputs: Outputs = self.network((images - self.mean) / self.std)
        return outputs


class CalibratedClassifier(nn.Module):
    """From pixels to calibrated probabilities: (n, 3, image_size, image_size) float32 in 0…1 to (n, classes) float64.

    Args:
        network: images in 0…1 to logits.
        temperature: what logits are divided by before softmax.
    """

    temperature: Tensor

    def __init__(self, network: NormalisedNetwork, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("temperature", torch.tensor(temperature, dtype=torch.float64))

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities."""
        logits = only_tensor(self.network(images))
        return (logits.double() / self.temperature).softmax(dim=1)


class CalibratedSegmenter(nn.Module):
    """From pixels to calibrated probabilities of every pixel: (n, 3, h, w) in 0…1 to (n, classes, h, w), both float32.

    Args:
        network: images in 0…1 to logits of every pixel.
        temperature: what logits are divided by before softmax.
    """

    temperature: Tensor

    def __init__(self, network: NormalisedNetwork, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("temperature", torch.tensor(temperature))

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities."""
        return (only_tensor(self.network(images)).float() / self.temperature).softmax(dim=1)


class CalibratedHeads(nn.Module):
    """From pixels to calibrated probabilities of each head of a network, float32 by its name.

    Args:
        network: images in 0…1 to a mapping of logits, the classes their second dimension.
        temperatures: what the logits of each head are divided by before softmax.
    """

    def __init__(self, network: NormalisedNetwork, temperatures: Mapping[str, float]) -> None:
        super().__init__()
        self.network = network
        self.temperatures = dict(temperatures)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Probabilities."""
        logits = by_head(self.network(images))
        return {name: (logits[name].float() / value).softmax(dim=1) for name, value in self.temperatures.items()}
