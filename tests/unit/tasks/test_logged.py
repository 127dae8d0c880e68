"""A logged program answers as the run it came from, whatever stands before it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.config.later_stages import PredictConfig
from sightline.data.preprocessing import Preprocessing
from sightline.data.transforms.fit import Fit
from sightline.errors import UsageError
from sightline.inference.network import CalibratedClassifier, NormalisedNetwork
from sightline.inference.predictor import Predictor
from sightline.models.networks.cnn import Cnn
from sightline.tasks.answers import Model
from sightline.tasks.classification.decisions import Decisions
from sightline.tasks.classification.prediction_rows import ClassRows
from sightline.tasks.logged import ANSWERS, describe, load

LIMITS = PredictConfig(top_k=3, alpha=None, risk=None, max_megabytes=1.0, max_megapixels=1.0)


@pytest.mark.parametrize("fit", ["crop", "letterbox", "squash"])
def test_it_answers_as_the_run_does(fit: Fit, tmp_path: Path):
    torch.manual_seed(0)
    network, names = Cnn(3, width=8).eval(), ("a", "b", "c")
    preprocessing = Preprocessing(32, (0.4, 0.5, 0.3), (0.2, 0.25, 0.3), "bicubic", 0.9, names, white=4095, fit=fit)
    writer = ClassRows(names, Decisions(2.0, 0.1, 0.7, 0.05, 0.4, ("worth",)), top_k=3)
    model = Model(Predictor(network, preprocessing, torch.device("cpu")), writer, LIMITS)
    (tmp_path / ANSWERS).write_text(json.dumps(describe(writer, preprocessing, LIMITS)))
    program = CalibratedClassifier(NormalisedNetwork(network, preprocessing), 2.0).eval()
    logged = load(tmp_path, program)
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in [(40, 90), (33, 20), (7, 7)]]
    images.append(rng.integers(0, 4096, (50, 30), dtype=np.uint16))
    expected, found = model.predict(images), logged.predict(images)
    for one, other in zip(expected, found, strict=True):
        assert [one[key] for key in ("label", "set", "abstain")] == [other[key] for key in ("label", "set", "abstain")]
        assert other["probability"] == pytest.approx(one["probability"], abs=1e-6)
    assert logged.model.head == ("worth",)
    assert repr(replace(model, run="cats-cnn/1")) == "<Model of cats-cnn/1: 3 classes, 32 pixels>"


def test_a_model_of_an_earlier_version_is_told(tmp_path: Path):
    with pytest.raises(UsageError, match=r"has no answers\.json: it was logged by an earlier version"):
        load(tmp_path, lambda images: images)
