"""What explanations cost: Grad-CAM beside the forward pass and pytorch-grad-cam, integrated gradients beside captum.

    python -m benchmarks.explanations [--images 1000] [--rounds 5] [--quick] [--counts]

Grad-CAM of the predicted class, resnet18 with random weights, fp32, at 32 px (the network of `throughput.py`) and at
224 px; images lie in memory. The three take their batches in turn, in one process, after a batch each that does not
count; `over_forward` and `over_peer` are ratios of images a second, medians over rounds. The peer looks at the same
layer, and its maps are compared with ours.

Integrated gradients of scikit-learn's digits, by a network that learned them, black baseline: which share of the images
is complete within 1 %, and how many passes forward each image took: its points, and the scores of image and baseline.
Ours gives more points to those that miss it; captum takes 50 by its own rule, Gauss-Legendre, and the same two scores
to say how far they are from complete. `--counts` does this alone: nothing of it is a time.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from sightline.machine.environment import prepare_environment

prepare_environment()

import time  # noqa: E402
from statistics import median  # noqa: E402

import numpy as np  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from benchmarks.environment import go_on_beside  # noqa: E402
from benchmarks.loops.protocol import small_resnet18  # noqa: E402
from benchmarks.processes import machine_facts  # noqa: E402
from sightline.explain.gradcam import gradcam  # noqa: E402
from sightline.explain.integrated_gradients import attributions  # noqa: E402
from sightline.machine.environment import prepare_torch  # noqa: E402
from sightline.models.networks.cnn import Cnn  # noqa: E402

RESULTS = Path(__file__).parent / "results/explanations.json"
COUNTS = Path(__file__).parent / "results/integrated_gradients.json"
PEERS = {"pytorch_grad_cam": "grad-cam", "captum": "captum"}
"""Packages by the modules that they bring."""
BATCH = {32: 128, 224: 32}
CAPTUM_STEPS = 50
ENDS = 2
"""Scores of image and baseline, without a gradient."""
TOLERANCE = 0.01
Contestant = Callable[[Tensor], Tensor]
"""From images (B, 3, H, W) to maps (B, H, W), or to logits."""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000, help="for Grad-CAM, of each size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="whether it runs at all: few images, one round")
    parser.add_argument("--counts", action="store_true", help="integrated gradients alone, by passes, without times")
    parser.add_argument("--output", type=Path, help="default: a file under results")
    arguments = parser.parse_args()
    needed = {"captum": PEERS["captum"]} if arguments.counts else PEERS
    go_on_beside("benchmarks.explanations", needed)
    prepare_torch()
    images, rounds = (8, 1) if arguments.quick else (arguments.images, arguments.rounds)
    found: dict[str, object] = {"where": machine_facts()}
    if not arguments.counts:
        found |= {"images": images, "rounds": rounds}
        found["gradcam"] = {f"{side} px": gradcam_at(side, images, rounds) for side in BATCH}
    found["integrated_gradients"] = integrated(8 if arguments.quick else 256, 20 if arguments.quick else 400)
    print(json.dumps({key: value for key, value in found.items() if key != "where"}))
    if not arguments.quick:
        output = arguments.output or (COUNTS if arguments.counts else RESULTS)
        output.write_text(json.dumps(found, indent=1) + "\n")


def gradcam_at(side: int, count: int, rounds: int) -> dict[str, float | list[dict[str, float]]]:
    """Seconds of each contestant for so many images, and their ratios."""
    torch.manual_seed(0)
    network = (small_resnet18() if side == 32 else timm.create_model("resnet18", num_classes=1000)).eval()
    batches = torch.randn(count, 3, side, side).split(BATCH[side])
    with torch.inference_mode():
        answers = {id(batch): network(batch).argmax(dim=1) for batch in batches}
    contestants = {
        "forward": lambda batch: forward(network, batch),
        "sightline": lambda batch: gradcam(network, batch, answers[id(batch)], batch_size=len(batch)),
        "pytorch_grad_cam": peer_gradcam(network, answers),
    }
    ours, theirs = (contestants[name](batches[0]) for name in ("sightline", "pytorch_grad_cam"))
    contestants["forward"](batches[0])
    seconds = [round_of(contestants, batches) for _ in range(rounds)]
    return {
        "seconds": seconds,
        "over_forward": median(one["forward"] / one["sightline"] for one in seconds),
        "over_peer": median(one["pytorch_grad_cam"] / one["sightline"] for one in seconds),
        "largest_difference": float((_spread(ours) - _spread(theirs)).abs().max()),
    }


def round_of(contestants: dict[str, Contestant], batches: tuple[Tensor, ...]) -> dict[str, float]:
    """Seconds of each, batch by batch in turn."""
    taken = dict.fromkeys(contestants, 0.0)
    for batch in batches:
        for name, one in contestants.items():
            start = time.perf_counter()
            one(batch)
            taken[name] += time.perf_counter() - start
    return taken


def forward(network: nn.Module, batch: Tensor) -> Tensor:
    """The logits, and nothing that a gradient would need."""
    with torch.inference_mode():
        return network(batch)


def peer_gradcam(network: nn.Module, answers: dict[int, Tensor]) -> Contestant:
    """pytorch-grad-cam at the last stage, whose output is what Sightline finds by itself."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    made = GradCAM(model=network, target_layers=[network.layer4])

    def explain(batch: Tensor) -> Tensor:
        targets = [ClassifierOutputTarget(int(answer)) for answer in answers[id(batch)]]
        return torch.from_numpy(made(input_tensor=batch, targets=targets))

    return explain


def _spread(maps: Tensor) -> Tensor:
    """Each map from 0 to 1, as the peer scales its own."""
    flat = maps.flatten(1)
    low, high = flat.amin(dim=1, keepdim=True), flat.amax(dim=1, keepdim=True)
    return (flat - low) / (high - low).clamp(min=1e-7)


def integrated(count: int, steps: int) -> dict[str, dict[str, object]]:
    """Completeness and passes of each image of both, on digits that were not learned from."""
    from captum.attr import IntegratedGradients

    network, images = learned_digits(steps)
    images = images[:count]
    with torch.no_grad():
        answers = network(images).argmax(dim=1)
    black = float(images.min())
    ours = attributions(network, images, answers, baseline=black)
    _, delta = IntegratedGradients(network).attribute(
        images,
        baselines=black,
        target=answers,
        n_steps=CAPTUM_STEPS,
        return_convergence_delta=True,
        internal_batch_size=256,
    )
    with torch.no_grad():
        change = [network(some).gather(1, answers[:, None])[:, 0] for some in (images, torch.full_like(images, black))]
    theirs = (delta / (change[0] - change[1])).abs()
    return {
        "sightline": _complete(ours.error, [ENDS + int(points) for points in ours.steps]),
        "captum": _complete(theirs, [ENDS + CAPTUM_STEPS] * len(images)),
    }


def _complete(error: Tensor, passes: list[int]) -> dict[str, object]:
    """Passes are forward ones, by how many images took so many."""
    return {
        "images": len(passes),
        "complete": float((error <= TOLERANCE).double().mean()),
        "median_error": float(error.median()),
        "largest_error": float(error.max()),
        "passes": sum(passes),
        "passes_an_image": sum(passes) / len(passes),
        "images_by_passes": {str(count): passes.count(count) for count in sorted(set(passes))},
    }


def learned_digits(steps: int) -> tuple[Cnn, Tensor]:
    """A small network that learned most of scikit-learn's digits at 16 px, and the others."""
    digits, rng = load_digits(), np.random.default_rng(0)
    order = rng.permutation(len(digits.target))
    images = torch.from_numpy(digits.images[order] / 16).float()[:, None].repeat(1, 3, 1, 1)
    images, labels = (
        F.interpolate(images, size=(16, 16), mode="bilinear") * 2 - 1,
        torch.from_numpy(digits.target[order]),
    )
    torch.manual_seed(0)
    network = Cnn(10, width=16)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    for _ in range(steps):
        some = torch.from_numpy(rng.integers(1400, size=64))
        loss = F.cross_entropy(network(images[some]), labels[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval(), images[1400:]


if __name__ == "__main__":
    main()
