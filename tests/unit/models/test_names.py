import subprocess
import sys
from pathlib import Path

import pytest
import timm

from sightline.config.model import TimmModel
from sightline.errors import UsageError
from sightline.models.names import check_model, timm_names
from tests.unit.models.test_weights import small_cnn


def made(name: str, weights: str | None = None) -> TimmModel:
    return TimmModel(
        name=name,
        pretrained=False,
        weights=weights,
        weights_key=None,
        drop_rate=0.0,
        drop_path_rate=0.0,
        cbam=False,
    )


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
        check_model(small_cnn(Path("nope.pt")))


def test_nothing_heavy_is_imported():
    code = (
        "import sys, sightline.models.names, sightline.data.sources.source; print({'torch', 'timm'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
