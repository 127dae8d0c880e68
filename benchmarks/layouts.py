"""Which memory layout and precision a model trains quickest in on this CPU, and what Sightline takes by itself.

    python -m benchmarks.layouts [--models resnet50 …] [--rounds 7] [--quick]

Whole training steps (forward, backward, AdamW) on tensors in memory; the four ways of a model take their steps in turn
in one process. `chosen` is what `training.precision=auto` and `training.channels_last=auto` stand for.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from sightline.machine.environment import prepare_environment

prepare_environment()

import time  # noqa: E402
from statistics import median  # noqa: E402
from typing import Any  # noqa: E402

import timm  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from benchmarks.loops.protocol import CLASSES, small_resnet18  # noqa: E402
from benchmarks.processes import machine_facts  # noqa: E402
from sightline.machine.environment import prepare_torch  # noqa: E402
from sightline.training.precision import choose_precision, depthwise_share  # noqa: E402

RESULTS = Path(__file__).parent / "results/layouts.json"
SMALL = "resnet18 at 32 px"
MODELS = {
    SMALL: (32, 128),
    "resnet50": (224, 16),
    "resnext50_32x4d": (224, 8),
    "regnety_016": (224, 16),
    "densenet121": (224, 16),
    "inception_v3": (160, 8),
    "vgg11_bn": (64, 32),
    "vgg16_bn": (224, 4),
    "efficientnet_b0": (224, 16),
    "mobilenetv2_100": (224, 16),
    "mobilenetv3_large_100": (224, 32),
    "ghostnet_100": (224, 16),
    "convnext_tiny": (224, 8),
    "efficientformer_l1": (224, 16),
    "vit_small_patch16_224": (224, 8),
    "swin_tiny_patch4_window7_224": (224, 8),
}
"""Pixels a side and images a step."""
WAYS = [(precision, layout) for precision in ("bf16", "fp32") for layout in ("channels_last", "contiguous")]
FORMATS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}


def main() -> None:
    """Measure every model, write the results and show them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="one round, nothing written")
    arguments = parser.parse_args()
    prepare_torch()
    found: dict[str, Any] = {}
    for name in arguments.models:
        found[name] = _measure(name, *MODELS[name], rounds=1 if arguments.quick else arguments.rounds)
        _show(name, found[name])
    if not arguments.quick:
        where = machine_facts()
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({"where": where, "models": found}, indent=1) + "\n")


def _measure(name: str, side: int, batch: int, *, rounds: int) -> dict[str, Any]:
    steps = {way: _step(name, side, batch, *way) for way in WAYS}
    seconds: dict[tuple[str, str], list[float]] = {way: [] for way in WAYS}
    for number in range(rounds + 1):
        for way, step in steps.items():
            start = time.perf_counter()
            step()
            if number:  # the first one prepares
                seconds[way].append(time.perf_counter() - start)
    rates = {way: batch / median(all_) for way, all_ in seconds.items()}
    model = _model(name, side)
    chosen = (choose_precision("auto", torch.device("cpu"), model, side).name, "channels_last")
    return {
        "images_per_second": {" ".join(way): round(rate, 2) for way, rate in rates.items()},
        "depthwise_share": round(depthwise_share(model, side), 3),
        "chosen": " ".join(chosen),
        "chosen_over_best": round(rates[chosen] / max(rates.values()), 3),
    }


def _model(name: str, side: int) -> nn.Module:
    if name == SMALL:
        return small_resnet18()
    sized = {"img_size": side} if name.startswith(("vit", "swin")) else {}
    model: nn.Module = timm.create_model(name, num_classes=CLASSES, **sized)
    return model


def _step(name: str, side: int, batch: int, precision: str, layout: str) -> Callable[[], None]:
    torch.manual_seed(0)
    model = _model(name, side).train().to(memory_format=FORMATS[layout])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    images = torch.randn(batch, 3, side, side).contiguous(memory_format=FORMATS[layout])
    labels = torch.randint(CLASSES, (batch,))

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            outputs = model(images)
        F.cross_entropy(outputs.float(), labels).backward()
        optimizer.step()

    return step


def _show(name: str, found: dict[str, Any]) -> None:
    rates = "  ".join(f"{way} {rate:7.1f}" for way, rate in found["images_per_second"].items())
    print(f"{name:30} {rates}   {found['chosen']}: {found['chosen_over_best']:.2f} of the best", flush=True)


if __name__ == "__main__":
    main()
