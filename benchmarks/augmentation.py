"""Augmentation of images that are in memory already: Sightline's batches beside torchvision v2 and kornia.

    python -m benchmarks.augmentation [--rounds 5] [--side 32] [--threads 1]

From uint8 tensors to float, normalised ones, the same operations as near as the libraries have them, each image with
parameters of its own: torchvision v2 image by image (as a DataLoader's worker calls it; on a whole batch it draws once
for all), kornia and Sightline batch by batch (kornia's RandAugment and AutoAugment draw their operations once for a
batch, and apply them in floating point; it has no AugMix). One thread unless told, since with a DataLoader the others
are busy too.
Every library runs in a process of its own, in turn, round after round.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parent / "results"
BATCH = 256
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
KINDS = ("crop and flip", "affine", "randaugment", "autoaugment", "augmix")
WITHOUT = {"kornia": {"augmix"}}
"""What a library does not have."""
DEGREES, SHIFT, SCALE, SHEAR = 15.0, 0.1, (0.8, 1.2), 10.0
OPERATIONS, MAGNITUDE = 2, 9

Augment = Callable[[Any, int], Any]
"""A uint8 batch (B, 3, side, side) and the number of the step, to a float batch."""


def main() -> None:
    """Run one library, or all of them in turn."""
    arguments = _arguments()
    if arguments.library:
        libraries = {"sightline": _sightline, "torchvision": _torchvision, "kornia": _kornia}
        kinds = [kind for kind in KINDS if kind not in WITHOUT.get(arguments.library, set())]
        print(json.dumps(_timed(libraries[arguments.library], kinds, arguments)))
        return
    from benchmarks.environment import peer_python

    pythons = {"sightline": sys.executable, "torchvision": sys.executable, "kornia": str(peer_python("kornia"))}
    rounds = [
        {library: _process(arguments, library, python) for library, python in pythons.items()}
        for _ in range(arguments.rounds)
    ]
    result = _summary(rounds, arguments)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"augmentation_{arguments.side}.json").write_text(json.dumps(result, indent=1) + "\n")
    _show(result)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", type=int, default=32, help="of the images, in pixels")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each operation is timed")
    parser.add_argument("--library", choices=["sightline", "torchvision", "kornia"], help=argparse.SUPPRESS)
    return parser.parse_args()


def _process(arguments: argparse.Namespace, library: str, python: str) -> dict[str, float]:
    words = ["--side", arguments.side, "--threads", arguments.threads, "--seconds", arguments.seconds]
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [python, "-m", "benchmarks.augmentation", "--library", library, *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])},
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _timed(make: Callable[[str, int], Augment], kinds: list[str], arguments: argparse.Namespace) -> dict[str, float]:
    """Images a second of each operation."""
    import torch

    torch.set_num_threads(arguments.threads)
    generator = torch.Generator().manual_seed(0)
    shape = (BATCH, 3, arguments.side, arguments.side)
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    rates = {}
    for kind in kinds:
        augment = make(kind, arguments.side)
        output = augment(images, 0)
        assert output.shape == shape
        assert output.dtype == torch.float32
        start, step = time.perf_counter(), 0
        while time.perf_counter() - start < arguments.seconds:
            step += 1
            augment(images, step)
        rates[kind] = step * BATCH / (time.perf_counter() - start)
    return rates


# ---------------------------------------------------------------- the libraries


def _sightline(kind: str, side: int) -> Augment:
    import numpy as np
    import torch

    from sightline.cli import compose_config
    from sightline.config import parse
    from sightline.data.transforms.transform import TrainTransform

    words = {
        "crop and flip": ["transforms=standard", "transforms.horizontal_flip=0.5"],
        "affine": [
            "transforms=none",
            f"transforms.affine.rotation={DEGREES}",
            f"transforms.affine.translate={SHIFT}",
            f"transforms.affine.scale={list(SCALE)}",
            f"transforms.affine.shear={SHEAR}",
        ],
        "randaugment": [
            "transforms=none",
            "transforms.policy.name=randaugment",
            f"transforms.policy.operations={OPERATIONS}",
            f"transforms.policy.magnitude={MAGNITUDE}",
        ],
        "autoaugment": ["transforms=none", "transforms.policy.name=autoaugment"],
        "augmix": ["transforms=none", "transforms.policy.name=augmix", "transforms.policy.all_ops=true"],
    }
    config = parse.parse(compose_config(["data=digits", *words[kind]]))
    transform = TrainTransform(
        config.transforms, image_size=side, mean=MEAN, std=STD, interpolation="bilinear", seed=0, crop_fraction=1.0
    )
    sizes, counters = torch.full((BATCH, 2), side, dtype=torch.int32), np.arange(BATCH)
    return lambda images, step: transform(images, sizes, step, counters)


def _torchvision(kind: str, side: int) -> Augment:
    import torch
    from torchvision.transforms import v2

    bilinear = v2.InterpolationMode.BILINEAR
    fill = [round(255 * value) for value in MEAN]
    first = {
        "crop and flip": [v2.RandomCrop(side, padding=side // 8, padding_mode="reflect"), v2.RandomHorizontalFlip()],
        "affine": [v2.RandomAffine(DEGREES, (SHIFT, SHIFT), SCALE, SHEAR, bilinear, fill)],
        "randaugment": [v2.RandAugment(OPERATIONS, MAGNITUDE, interpolation=bilinear, fill=fill)],
        "autoaugment": [v2.AutoAugment(interpolation=bilinear, fill=fill)],
        "augmix": [v2.AugMix(interpolation=bilinear, fill=fill)],
    }
    whole = v2.Compose([*first[kind], v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
    return lambda images, _: torch.stack([whole(image) for image in images])


def _kornia(kind: str, side: int) -> Augment:
    import torch
    from kornia import augmentation
    from kornia.augmentation import auto

    crop = augmentation.RandomCrop((side, side), padding=side // 8, padding_mode="reflect")
    shear = (-SHEAR, SHEAR)
    first = {
        "crop and flip": lambda: [crop, augmentation.RandomHorizontalFlip()],
        "affine": lambda: [augmentation.RandomAffine(DEGREES, (SHIFT, SHIFT), SCALE, shear, p=1.0)],
        "randaugment": lambda: [auto.RandAugment(n=OPERATIONS, m=MAGNITUDE)],
        "autoaugment": lambda: [auto.AutoAugment("imagenet")],
    }
    normalise = augmentation.Normalize(torch.tensor(MEAN), torch.tensor(STD))
    whole = torch.nn.Sequential(*first[kind](), normalise)

    def augment(images: torch.Tensor, _: int) -> torch.Tensor:
        output: torch.Tensor = whole(images.float() / 255)
        return output

    return augment


# ---------------------------------------------------------------- what is told


def _summary(rounds: list[dict[str, dict[str, float]]], arguments: argparse.Namespace) -> dict[str, Any]:
    having = {kind: [library for library in rounds[0] if kind in rounds[0][library]] for kind in KINDS}
    rates = {
        kind: {library: median(one[library][kind] for one in rounds) for library in libraries}
        for kind, libraries in having.items()
    }
    times = {
        kind: {
            peer: median(one["sightline"][kind] / one[peer][kind] for one in rounds)
            for peer in libraries
            if peer != "sightline"
        }
        for kind, libraries in having.items()
    }
    return {
        "side": arguments.side,
        "batch": BATCH,
        "threads": arguments.threads,
        "rounds": len(rounds),
        "images_per_second": rates,
        "times_faster": times,
        "all": rounds,
    }


def _show(result: dict[str, Any]) -> None:
    print(f"{result['side']} px, {result['threads']} threads, images/s, medians of {result['rounds']} rounds")
    for kind, rates in result["images_per_second"].items():
        shown = "  ".join(f"{library} {rate:>9,.0f}" for library, rate in rates.items())
        times = "  ".join(f"{value:.1f} x {peer}" for peer, value in result["times_faster"][kind].items())
        print(f"  {kind:15} {shown}   {times}")


if __name__ == "__main__":
    main()
