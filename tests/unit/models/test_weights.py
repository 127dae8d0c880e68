"""Files of weights: every layout that is about, and every way in which a file can be wrong."""

import io
import os
import pickle
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from sightline.config.model import CnnModel, TimmModel
from sightline.errors import UsageError
from sightline.models.build import build_model
from sightline.models.networks.cnn import Cnn
from sightline.models.weights import load_matching, mismatches, read_state


def timm_model(name: str, weights: Path) -> TimmModel:
    return TimmModel(
        name=name,
        pretrained=False,
        weights=str(weights),
        weights_key=None,
        drop_rate=0.0,
        drop_path_rate=0.0,
        cbam=False,
    )


def small_cnn(weights: Path | None = None, width: int = 16) -> CnnModel:
    return CnnModel(
        name="cnn",
        width=width,
        drop_rate=0.0,
        stem="conv",
        norm_scale=True,
        residual=True,
        weights=str(weights) if weights else None,
        weights_key=None,
        cbam=False,
    )


def contents(state: dict[str, Tensor]) -> dict[str, object]:
    prefixed = {f"module.{name}": tensor for name, tensor in state.items()}
    compiled = {f"_orig_mod.module.{name}": tensor for name, tensor in state.items()}
    return {
        "plain.pth": state,
        "state_dict.pt": {"state_dict": state, "epoch": 3},
        "ours.pt": {"model": state, "row": {"val_loss": 0.1}, "class_names": ["a", "b"]},
        "parallel.pth": prefixed,
        "compiled.pth": {"state_dict": compiled},
    }


@pytest.mark.parametrize(
    "name", ["plain.pth", "state_dict.pt", "ours.pt", "parallel.pth", "compiled.pth", "x.safetensors"]
)
def test_every_layout_gives_the_same_tensors(tmp_path: Path, name: str) -> None:
    state = Cnn(3, width=16).state_dict()
    if name.endswith(".safetensors"):
        save_file({key: tensor.contiguous() for key, tensor in state.items()}, tmp_path / name)
    else:
        torch.save(contents(state)[name], tmp_path / name)
    found = read_state(tmp_path / name)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], state[key]) for key in state)


def bad_files(folder: Path) -> dict[str, Path]:
    whole = folder / "whole.pth"
    torch.save(Cnn(3, width=16).state_dict(), whole)
    files = {
        "absent": folder / "absent.pth",
        "empty": folder / "empty.pth",
        "text": folder / "text.pth",
        "text safetensors": folder / "text.safetensors",
        "torn": folder / "torn.pth",
        "torn safetensors": folder / "torn.safetensors",
        "list": folder / "list.pth",
        "numbers": folder / "numbers.pth",
        "folder": folder,
    }
    files["empty"].write_bytes(b"")
    files["text"].write_text("these are no weights")
    files["text safetensors"].write_text("these are no weights")
    files["torn"].write_bytes(whole.read_bytes()[:5000])
    save_file({"a": torch.zeros(1000)}, whole.with_suffix(".safetensors"))
    files["torn safetensors"].write_bytes(whole.with_suffix(".safetensors").read_bytes()[:500])
    torch.save([1, 2], files["list"])
    torch.save({"epoch": 3, "loss": 0.5}, files["numbers"])
    return files


@pytest.mark.parametrize(
    "kind",
    ["absent", "empty", "text", "text safetensors", "torn", "torn safetensors", "list", "numbers", "folder"],
)
def test_a_bad_file_is_one_line_that_names_key_and_file(tmp_path: Path, kind: str) -> None:
    file = bad_files(tmp_path)[kind]
    with pytest.raises(UsageError) as caught:
        read_state(file)
    message = str(caught.value)
    assert message.startswith(f"model.weights={file}")
    assert "\n" not in message


class Hostile:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_hostile_pickle_is_never_run(tmp_path: Path, writer: str) -> None:
    file, marker = tmp_path / "hostile.pth", tmp_path / "was run"
    if writer == "torch":
        torch.save({"model": Hostile(marker)}, file)
    else:
        file.write_bytes(pickle.dumps({"model": Hostile(marker)}))
    with pytest.raises(UsageError, match=r"model\.weights=.*hostile\.pth"):
        read_state(file)
    assert not marker.exists()


def test_misfits_allow_another_classifier_and_nothing_else() -> None:
    model, state = Cnn(3, width=16), Cnn(5, width=16).state_dict()
    assert mismatches(model, state) == []
    del state["stem.0.weight"]
    state["extra"] = torch.zeros(2)
    state["blocks.0.norm1.bias"] = torch.zeros(3)
    assert mismatches(model, state) == [
        "stem.0.weight is missing",
        "extra is unknown",
        "blocks.0.norm1.bias is 3, not 16",
    ]


@pytest.mark.parametrize(("classes", "kept"), [(3, False), (5, True)])
def test_a_head_is_kept_only_where_its_classes_agree(classes: int, kept: bool) -> None:
    model, other = Cnn(classes, width=16), Cnn(5, width=16)
    fresh = model.head.weight.detach().clone()
    load_matching(model, other.state_dict())
    assert torch.equal(model.stem[0].weight, other.stem[0].weight)
    assert torch.equal(model.head.weight, other.head.weight if kept else fresh)


def test_our_own_network_takes_a_file(tmp_path: Path) -> None:
    learned = Cnn(5, width=16).eval()
    torch.save({"model": learned.state_dict()}, tmp_path / "best.pt")
    model = build_model(small_cnn(tmp_path / "best.pt"), {"label": 5}, 32).eval()
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(model(images), learned(images))
    with pytest.raises(
        UsageError, match=r"does not fit model\.name=cnn \(model\.width=32\).*is 16x16x3x3, not 32x16x3x3"
    ):
        build_model(small_cnn(tmp_path / "best.pt", width=32), {"label": 5}, 32)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet", "test_convnext"])
@pytest.mark.parametrize("size", [32, 160])
def test_timm_weights_adapt_to_size_and_classes(tmp_path: Path, name: str, size: int) -> None:
    learned = timm.create_model(name, num_classes=7)
    save_file({key: tensor.contiguous() for key, tensor in learned.state_dict().items()}, tmp_path / "w.safetensors")
    model = build_model(timm_model(name, tmp_path / "w.safetensors"), {"label": 3}, size).eval()
    taken, given = model.state_dict(), learned.state_dict()
    differ = {key for key in taken if taken[key].shape != given[key].shape or not torch.equal(taken[key], given[key])}
    head = {
        key for key in taken if "head.fc." in key or key.startswith(("fc.", "head.weight", "head.bias", "classifier."))
    }
    resized = {"pos_embed", "patch_embed.proj.weight", "stem.0.weight"} if size == 32 else set()
    assert head <= differ <= head | resized
    assert model(torch.zeros(1, 3, size, size)).shape == (1, 3)
    assert "state_dict" not in model.pretrained_cfg


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_a_run_of_ours_at_32_px_goes_on_as_it_is(tmp_path: Path, name: str) -> None:
    torch.save({"model": timm.create_model(name, num_classes=7).state_dict()}, tmp_path / "w.pt")
    first = build_model(timm_model(name, tmp_path / "w.pt"), {"label": 7}, 32).eval()
    torch.save({"model": first.state_dict()}, tmp_path / "best.pt")
    second = build_model(timm_model(name, tmp_path / "best.pt"), {"label": 7}, 32).eval()
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(first(images), second(images))


def test_weights_without_a_head_get_a_fresh_one(tmp_path: Path) -> None:
    backbone = timm.create_model("test_vit", num_classes=0)
    torch.save(backbone.state_dict(), tmp_path / "w.pth")
    model = build_model(timm_model("test_vit", tmp_path / "w.pth"), {"label": 3}, 32)
    assert torch.equal(model.cls_token, backbone.cls_token)
    assert isinstance(model.get_classifier(), nn.Linear)


@pytest.mark.parametrize("classes", [3, 7])
def test_weights_of_another_architecture_are_refused(tmp_path: Path, classes: int) -> None:
    torch.save(timm.create_model("test_vit", num_classes=7).state_dict(), tmp_path / "vit.pth")
    with pytest.raises(UsageError) as caught:
        build_model(timm_model("test_resnet", tmp_path / "vit.pth"), {"label": classes}, 32)
    message = str(caught.value)
    assert message.startswith(f"model.weights={tmp_path / 'vit.pth'} does not fit model.name=test_resnet")
    assert "conv1.0.weight is missing" in message
    assert len(message) < 500


def test_no_warning_of_torchs_own_source_reaches_the_terminal(tmp_path: Path):
    sparse = torch.sparse_coo_tensor(torch.tensor([[0]]), torch.tensor([1.0]), (4,), check_invariants=False)
    legacy = io.BytesIO()
    torch.save({"a": torch.zeros(3)}, legacy, _use_new_zipfile_serialization=False)
    torch.save({"a": sparse}, tmp_path / "sparse.pt")
    for content in (legacy.getvalue(), (tmp_path / "sparse.pt").read_bytes()):
        (tmp_path / "w.pt").write_bytes(content)
        assert read_state(tmp_path / "w.pt").keys() == {"a"}  # a warning is an error here
