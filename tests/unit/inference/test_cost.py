"""What a model costs: counted parameters and operations, and times that are times."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
from torch import nn

from sightline.cli import compose_config
from sightline.config import parse
from sightline.data.preprocessing import Preprocessing
from sightline.inference.cost import model_cost
from sightline.models.networks.cnn import Cnn


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return Cnn(10, width=8).eval()


def preprocessing(side: int) -> Preprocessing:
    classes = tuple(map(str, range(10)))
    return Preprocessing(side, (0.5,) * 3, (0.2,) * 3, "bilinear", 1.0, classes)  # type: ignore[arg-type]


def test_everything_is_counted(model: nn.Module):
    config = parse.parse(compose_config(["data=digits"]))
    small, large = (model_cost(model, config, preprocessing(side), torch.device("cpu")) for side in (16, 32))
    assert small["parameters"] == small["trained_parameters"] == sum(p.numel() for p in model.parameters())
    # Convolutions are all but a few of the operations, and grow with the area.
    assert large["flops"] / small["flops"] == pytest.approx(4, rel=0.01)
    assert 0 < large["latency_ms"] < 10_000
    assert large["images_per_second"] > 0
    assert not any(module.training for module in model.modules())


def test_operations_are_those_of_the_layers():
    config = parse.parse(compose_config(["data=digits"]))
    cnn = Cnn(10, width=8).eval()
    operations: list[int] = []

    def count(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        weight = layer.weight
        assert isinstance(weight, torch.Tensor)
        operations.append(2 * output[0].numel() * weight[0].numel())

    hooks = [m.register_forward_hook(count) for m in cnn.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    cnn(torch.zeros(1, 3, 32, 32))
    for hook in hooks:
        hook.remove()
    assert model_cost(cnn, config, preprocessing(32), torch.device("cpu"))["flops"] == sum(operations)


def test_only_what_trains_in_the_last_epoch_counts_as_trained(tmp_path_factory: pytest.TempPathFactory):
    cnn = Cnn(10, width=8).eval()
    weights = f"model.weights={tmp_path_factory.mktemp('weights') / 'w.pt'}"
    config = parse.parse(compose_config(["data=digits", "freezing=backbone", weights]))
    found = model_cost(cnn, config, preprocessing(16), torch.device("cpu"))
    head = cnn.get_classifier()
    assert found["trained_parameters"] == sum(parameter.numel() for parameter in head.parameters())


def test_a_parameter_may_be_the_input_of_a_layer():
    """As the latent of an attention pool is, which timm's newer transformers end in."""
    config = parse.parse(
        compose_config(["data=digits", "model=timm", "model.name=test_vit3", "model.pretrained=false"])
    )
    pooled = timm.create_model("test_vit3", num_classes=10, img_size=16, patch_size=4).eval()
    found = model_cost(pooled, config, preprocessing(16), torch.device("cpu"))
    assert found["flops"] > 1e6
    assert all(parameter.grad is None for parameter in pooled.parameters())


def test_a_compiler_beside_no_gpu_is_no_news(tmp_path: Path):
    """torch's benchmark looks for one when it is imported."""
    code = (
        "import torch; from sightline.inference import cost; "
        "cost.SECONDS = 0.001; print(cost._seconds(torch.nn.Identity(), torch.zeros(1)) > 0)"
    )
    environment = {**os.environ, "CUDA_HOME": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert (done.stdout, done.stderr) == ("True\n", "")
