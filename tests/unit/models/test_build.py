"""The facts a model's weights bring along, and who builds what."""

import json
from pathlib import Path

import pytest
import torch

from sightline.config.model import TimmModel
from sightline.errors import UsageError
from sightline.models.build import InputFacts, build_model, input_facts
from sightline.models.networks.cnn import Cnn
from tests.unit.models.test_weights import small_cnn

PREPROCESSING = {
    "image_size": 32,
    "mean": [0.1, 0.2, 0.3],
    "std": [0.4, 0.5, 0.6],
    "interpolation": "bicubic",
    "crop_fraction": 0.9,
    "class_names": ["a", "b"],
}


def timm_model(name: str, *, pretrained: bool, weights: str | None = None) -> TimmModel:
    return TimmModel(
        name=name,
        pretrained=pretrained,
        weights=weights,
        weights_key=None,
        drop_rate=0.0,
        drop_path_rate=0.0,
        cbam=False,
    )


def test_learned_weights_state_their_own_input() -> None:
    assert input_facts(timm_model("vit_tiny_patch16_224", pretrained=True)) == InputFacts(
        224, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "bicubic", 0.9
    )
    facts = input_facts(timm_model("mobilenetv3_small_100.lamb_in1k", pretrained=False, weights="somewhere.pth"))
    assert facts == InputFacts(224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bicubic", 0.875)


def test_random_weights_leave_it_to_the_data() -> None:
    assert input_facts(timm_model("resnet18", pretrained=False)) == InputFacts()
    assert input_facts(small_cnn()) == InputFacts()


@pytest.mark.parametrize("name", ["cnn", "resnet18"])
def test_a_checkpoint_of_a_run_states_that_runs_input(tmp_path: Path, name: str) -> None:
    (tmp_path / "preprocessing.json").write_text(json.dumps(PREPROCESSING))
    weights = tmp_path / "checkpoints" / "best.pt"
    config = small_cnn(weights) if name == "cnn" else timm_model(name, pretrained=False, weights=str(weights))
    assert input_facts(config) == InputFacts(32, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), "bicubic", 0.9)


def test_an_unknown_model_has_no_facts() -> None:
    with pytest.raises(UsageError, match=r"did you mean resnet50\?"):
        input_facts(timm_model("resnet5O", pretrained=True))


def test_build_dispatches_on_the_configuration() -> None:
    config = small_cnn(width=24).model_copy(update={"drop_rate": 0.25})
    ours = build_model(config, {"label": 6}, 224)
    assert isinstance(ours, Cnn)
    assert ours.head_drop.p == 0.25
    assert ours(torch.zeros(2, 3, 64, 64)).shape == (2, 6)
    theirs = build_model(timm_model("test_resnet", pretrained=False), {"label": 6}, 32).eval()
    assert theirs(torch.zeros(1, 3, 32, 32)).shape == (1, 6)
