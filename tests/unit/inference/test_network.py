"""Normalisation and temperature within a module are those of the other ways to an answer."""

import copy

import numpy as np
import torch
from scipy.special import softmax

from sightline.data.preprocessing import Preprocessing
from sightline.inference.network import CalibratedClassifier, NormalisedNetwork
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
