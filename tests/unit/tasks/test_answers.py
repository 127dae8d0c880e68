"""What a model tells of itself."""

import torch

from sightline.config.later_stages import PredictConfig
from sightline.data.preprocessing import Preprocessing
from sightline.inference.predictor import Predictor
from sightline.tasks.answers import Model
from sightline.tasks.classification.decisions import Decisions
from sightline.tasks.classification.prediction_rows import ClassRows

LIMITS = PredictConfig(top_k=3, alpha=None, risk=None, max_megabytes=1.0, max_megapixels=1.0)


def test_classes_of_several_targets_are_told_by_target():
    classes = {"label": ("star", "ring"), "mask": ("background", "star", "ring")}
    preprocessing = Preprocessing(32, (0.4, 0.5, 0.3), (0.2, 0.25, 0.3), "bicubic", 0.9, ())
    writer = ClassRows(("star", "ring"), Decisions(2.0, 0.1, 0.7, 0.05, 0.4, ("worth",)), top_k=3)
    predictor = Predictor(torch.nn.Identity(), preprocessing, torch.device("cpu"))
    model = Model(predictor, writer, LIMITS, "shapes/1", classes)
    assert model.class_names == classes
    assert repr(model) == "<Model of shapes/1: label 2 classes, mask 3 classes, 32 pixels>"
