import subprocess
import sys

import pytest
import timm

from sightline.config.model import CnnModel, TimmModel
from sightline.errors import UsageError
from sightline.models.names import check_model, timm_names


def made(name: str, weights: str | None = None) -> TimmModel:
    return TimmModel(name=name, pretrained=False, weights=weights, weights_key=None, drop_rate=0.0, drop_path_rate=0.0)


def test_the_names_are_timms_own():
    assert timm_names() == set(timm.list_models())


@pytest.mark.parametrize("name", ["resnet50", "resnet50.a1_in1k", "vit_base_patch16_224"])
def test_a_known_model_passes(name: str):
    check_model(made(name))


def test_a_mistyped_one_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"did you mean convnext_tiny\?"):
        check_model(made("convnext_tinny"))


def test_weights_that_are_not_there_are_refused():
    with pytest.raises(UsageError, match=r"model\.weights=nope\.pt is not there"):
        check_model(
            CnnModel(
                name="cnn",
                width=64,
                drop_rate=0.0,
                stem="conv",
                norm_scale=True,
                residual=True,
                weights="nope.pt",
                weights_key=None,
            )
        )


def test_nothing_heavy_is_imported():
    code = (
        "import sys, sightline.models.names, sightline.data.sources.source; print({'torch', 'timm'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
