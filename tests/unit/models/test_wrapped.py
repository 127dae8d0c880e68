"""Checkpoints as other programs leave them: the network lies within another, beside arguments and metrics."""

import argparse
import logging
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sightline.errors import UsageError
from sightline.models.build import build_model
from sightline.models.left_out import LeftOut, leaving_out
from sightline.models.networks.cnn import Cnn
from sightline.models.weights import load_plain, mismatches, read_state
from sightline.models.wrapped import unwrapped
from tests.unit.models.test_weights import small_cnn

State = dict[str, Tensor]


def within(prefix: str, state: State) -> State:
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


def without_head(model: nn.Module) -> State:
    return {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("head.")}


ARGUMENTS = argparse.Namespace(lr=np.float64(0.1), data=Path("/data"), opt={"betas": [0.9, 0.99]})
PROJECTION = {"head.0.weight": torch.zeros(128, 8), "head.2.bias": torch.zeros(128)}
OTHER = {"queue": torch.zeros(128, 64), "queue_ptr": torch.zeros(1)}
LAYOUTS: dict[str, Callable[[State, State], object]] = {
    "timm train.py": lambda own, _: {
        "epoch": 3, "arch": "x", "state_dict": own, "optimizer": {"state": {}}, "version": 2, "args": ARGUMENTS,
        "metric": np.float64(71.25),
    },
    "torchvision reference": lambda own, _: {
        "model": own, "optimizer": {}, "lr_scheduler": {"_last_lr": [np.float32(0.1)]}, "epoch": 3, "args": ARGUMENTS,
    },
    "Lightning, net": lambda own, _: {"state_dict": {**within("net.", own), "loss.weight": torch.ones(3)}},
    "Lightning, model": lambda own, _: {"state_dict": within("model.", own), "hyper_parameters": {"lr": 0.1}},
    "of one's own, deep": lambda own, _: within("task.backbone.", own),
    "MoCo": lambda own, other: {"state_dict": {
        **within("module.encoder_k.", other | PROJECTION), **within("module.encoder_q.", own | PROJECTION),
        **within("module.", OTHER),
    }},
    "MoCo v3": lambda own, other: {"state_dict": {
        **within("module.momentum_encoder.", other | PROJECTION), **within("module.base_encoder.", own | PROJECTION),
    }},
}  # fmt: skip


@pytest.fixture(scope="module")
def networks() -> tuple[Cnn, Cnn]:
    torch.manual_seed(0)
    return Cnn(3, width=16), Cnn(3, width=16)


@pytest.mark.parametrize("key", ["state_dict_ema", "model_ema"])
def test_the_average_is_taken_where_it_is_asked_for(
    tmp_path: Path, networks: tuple[Cnn, Cnn], key: str, caplog: pytest.LogCaptureFixture
):
    one, other = (dict(network.state_dict()) for network in networks)
    average = {"n_averaged": torch.tensor(7), **within("module.", other)} if key == "model_ema" else other
    torch.save({"state_dict": one, key: average, "optimizer": {"state": {}}, "args": ARGUMENTS}, tmp_path / "x.pth")
    name = next(iter(one))
    plain = small_cnn(tmp_path / "x.pth")
    with caplog.at_level(logging.INFO, "sightline"):
        assert torch.equal(build_model(plain, {"label": 3}, 32).state_dict()[name], one[name])
    assert f"model.weights_key={key} takes the average" in caplog.text
    averaged = plain.model_copy(update={"weights_key": key})
    assert torch.equal(build_model(averaged, {"label": 3}, 32).state_dict()[name], other[name])
    with pytest.raises(UsageError, match=f"model.weights_key=ema: .* it has state_dict, {key}"):
        build_model(plain.model_copy(update={"weights_key": "ema"}), {"label": 3}, 32)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_network_is_found(tmp_path: Path, networks: tuple[Cnn, Cnn], layout: str):
    one, other = networks
    is_moco = layout.startswith("MoCo")
    own = without_head(one) if is_moco else dict(one.state_dict())
    torch.save(LAYOUTS[layout](own, without_head(other)), tmp_path / "x.pth")
    model = build_model(small_cnn(tmp_path / "x.pth"), {"label": 3}, 32)
    loaded = model.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in own.items())


def test_of_several_entries_one_is_chosen_by_the_person(tmp_path: Path, networks: tuple[Cnn, Cnn]):
    student, teacher = (dict(network.state_dict()) for network in networks)
    file, name = tmp_path / "x.pth", next(iter(student))
    torch.save({"student": within("module.backbone.", student), "teacher": teacher, "epoch": 3}, file)
    with pytest.raises(UsageError, match=r"weights in student, teacher; choose one: model.weights_key=student"):
        read_state(file)
    chosen = small_cnn(file).model_copy(update={"weights_key": "student"})
    assert torch.equal(build_model(chosen, {"label": 3}, 32).state_dict()[name], student[name])
    torch.save({"network": teacher, "epoch": 3}, file)
    assert torch.equal(read_state(file)[name], teacher[name]), "the only ones"


def test_a_network_that_does_not_fit_is_not_forced(tmp_path: Path, networks: tuple[Cnn, Cnn]):
    state = within("net.", dict(networks[0].state_dict()))
    del state["net." + next(iter(networks[0].state_dict()))]
    assert unwrapped(networks[1], state, tmp_path / "x") == state
    assert mismatches(networks[1], state)
    torch.save(state, tmp_path / "x.pth")
    with pytest.raises(UsageError, match="does not fit"):
        build_model(small_cnn(tmp_path / "x.pth"), {"label": 3}, 32)


def test_weights_that_fit_stay_as_they_are(tmp_path: Path, networks: tuple[Cnn, Cnn]):
    state = dict(networks[0].state_dict())
    assert unwrapped(networks[1], state, tmp_path) == state


class Harmful:
    """Would make a file, if it were unpickled."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self._reduced = call, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._reduced


def test_nothing_else_is_read(tmp_path: Path):
    mark = tmp_path / "mark"
    for harmful in (Harmful(Path.touch, mark), Harmful(eval, "1"), Harmful(np.frombuffer, b"x")):
        torch.save({"state_dict": {}, "args": harmful}, tmp_path / "x.pth")
        with pytest.raises(UsageError, match="never loaded"):
            read_state(tmp_path / "x.pth")
    assert not mark.exists()


def test_what_is_left_out_holds_nothing_and_only_where_weights_are_read(tmp_path: Path):
    torch.save({"args": ARGUMENTS, "metric": np.float64(1)}, tmp_path / "x.pth")
    with leaving_out():
        content = load_plain(tmp_path / "x.pth")
    assert isinstance(content, dict)
    assert all(type(value) is LeftOut and not vars(value) for value in content.values())
    with pytest.raises(pickle.UnpicklingError):
        load_plain(tmp_path / "x.pth")
