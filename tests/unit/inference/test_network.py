"""Normalisation and temperature within a module are those of the other ways to an answer."""

import copy

import numpy as np
import torch
from scipy.special import softmax

from sightline.data.preprocessing import Preprocessing
from sightline.inference.network import CalibratedClassifier, CalibratedHeads, CalibratedSegmenter, NormalisedNetwork
from sightline.models.networks.cnn import Cnn

PREPROCESSING = Preprocessing(16, (0.4, 0.5, 0.3), (0.2, 0.25, 0.3), "bilinear", 1.0, tuple("abcd"))


def squares() -> torch.Tensor:
    return torch.randint(0, 256, (5, 3, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_normalisation_inside_is_that_of_the_transform():
    torch.manual_seed(0)
    cnn = Cnn(4, width=8).eval()
    network = NormalisedNetwork(cnn, PREPROCESSING).eval()
    outside = cnn(PREPROCESSING.transform().normalise(squares()))
    torch.testing.assert_close(network(squares() / 255), outside, rtol=1e-4, atol=1e-5)


def test_gradients_reach_the_pixels():
    images = (squares() / 255).requires_grad_()
    NormalisedNetwork(Cnn(4, width=8).eval(), PREPROCESSING)(images)[:, 0].sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0


def test_a_calibrated_classifier_gives_probabilities_at_its_temperature():
    torch.manual_seed(0)
    network = NormalisedNetwork(Cnn(4, width=8).eval(), PREPROCESSING)
    classifier = CalibratedClassifier(network, 1.7).eval()
    with torch.inference_mode():
        logits = network(squares() / 255).double().numpy()
        found = classifier(squares() / 255).numpy()
    np.testing.assert_allclose(found, softmax(logits / 1.7, axis=1), atol=1e-6)
    assert "temperature" in copy.deepcopy(classifier).state_dict()


class Heads(torch.nn.Module):
    """A label and a mask."""

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"label": images.mean(dim=(2, 3)), "mask": 4 * images}


def test_masks_and_heads_become_probabilities_at_their_temperatures():
    images = torch.rand(2, 3, 5, 7)
    network = NormalisedNetwork(Heads(), PREPROCESSING)
    logits = network(images)
    one = CalibratedSegmenter(NormalisedNetwork(torch.nn.Identity(), PREPROCESSING), 2.0)
    torch.testing.assert_close(one(images), ((images - network.mean) / network.std / 2).softmax(dim=1))
    both = CalibratedHeads(network, {"label": 2.0, "mask": 0.5})(images)
    torch.testing.assert_close(both["label"], (logits["label"] / 2).softmax(dim=1))
    torch.testing.assert_close(both["mask"], (logits["mask"] / 0.5).softmax(dim=1))
    torch.testing.assert_close(both["mask"].sum(dim=1), torch.ones(2, 5, 7))
