"""timm's families at small and at odd image sizes, and the errors of those that cannot."""

import pytest
import timm
import torch

from sightline.config.model import TimmModel
from sightline.errors import UsageError
from sightline.models.timm_models import Adaptation, create_timm, find_adaptation, published_facts


def configured(name: str, *, drop_rate: float = 0.0, drop_path_rate: float = 0.0) -> TimmModel:
    return TimmModel(
        name=name,
        pretrained=False,
        weights=None,
        weights_key=None,
        drop_rate=drop_rate,
        drop_path_rate=drop_path_rate,
        cbam=False,
    )


FAMILIES = [
    ("resnet18", 4),
    ("resnet50", 4),
    ("resnet26d", 4),
    ("regnetx_002", 2),
    ("regnety_002", 2),
    ("efficientnet_b0", 2),
    ("mobilenetv3_small_100", 2),
    ("convnext_tiny", 2),
    ("swin_tiny_patch4_window7_224", 2),
    ("vit_tiny_patch16_224", 8),
    ("deit3_small_patch16_224", 8),
]


@pytest.mark.parametrize(("name", "side"), FAMILIES)
@pytest.mark.parametrize("size", [32, 64])
def test_small_images_leave_maps_to_look_at(name: str, side: int, size: int) -> None:
    model = create_timm(configured(name), 5, size).eval()
    with torch.no_grad():
        features = model.forward_features(torch.zeros(1, 3, size, size))
        logits = model.forward_head(features)
    if features.ndim == 3:
        places = features.shape[1] - model.num_prefix_tokens
        assert places == 64
    else:
        places = features[0].numel() // model.num_features
        # Pyramids of tokens are cut so that both sizes end on the same grid.
        assert places == (side * (1 if "swin" in name else size // 32)) ** 2
    assert logits.shape == (1, 5)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet", "test_convnext", "test_byobnet"])
@pytest.mark.parametrize("size", [16, 28, 96, 160, 224])
def test_odd_and_large_sizes_run(name: str, size: int) -> None:
    model = create_timm(configured(name), 3, size).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 3, size, size)).shape == (1, 3)


def test_the_models_own_size_changes_nothing() -> None:
    assert find_adaptation(configured("test_vit"), published_facts("test_vit"), 160) == Adaptation()
    ours, theirs = create_timm(configured("test_resnet"), 3, 224), timm.create_model("test_resnet", num_classes=3)
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}


def test_rates_of_dropout_reach_the_model() -> None:
    model = create_timm(configured("test_vit", drop_rate=0.3, drop_path_rate=0.2), 3, 32)
    assert model.head_drop.p == 0.3
    assert model.blocks[-1].drop_path1.drop_prob == pytest.approx(0.2)
    assert create_timm(configured("fasternet_t2", drop_path_rate=0.0), 3, 64) is not None


def test_stochastic_depth_where_there_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"model\.drop_path_rate=0\.1: vgg11 takes none; set it to 0"):
        create_timm(configured("vgg11", drop_path_rate=0.1), 3, 32)


@pytest.mark.parametrize("name", ["resnet81", "vit_tiny_patch16_225"])
def test_unknown_names_are_refused_with_a_near_one(name: str) -> None:
    with pytest.raises(UsageError, match=rf"model\.name={name}.*did you mean"):
        create_timm(configured(name), 3, 32)


def test_unknown_tags_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no weights 'nonsense' of resnet18; it has .*resnet18\.a1_in1k"):
        published_facts("resnet18.nonsense")


def test_a_size_that_no_stem_saves_is_refused() -> None:
    with pytest.raises(UsageError, match=r"image_size=16 is none that model\.name=inception_v3 takes.*image_size=299"):
        create_timm(configured("inception_v3"), 3, 16)


@pytest.mark.parametrize("size", [31, 72])
def test_a_size_that_no_patch_divides_is_refused(size: int) -> None:
    with pytest.raises(UsageError, match=rf"image_size={size} .* divisible by patch size"):
        create_timm(configured("test_vit"), 3, size)


@pytest.mark.parametrize("size", [32, 768])
def test_an_encoder_without_a_classifier_is_refused(size: int) -> None:
    with pytest.raises(UsageError, match="does not classify images"):
        create_timm(configured("gemma4_vit_167m_enc"), 3, size)
