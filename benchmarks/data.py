"""From image files to augmented training batches: Sightline beside torchvision's ImageFolder and a DataLoader.

    python -m benchmarks.data --root FOLDER [--rounds 5] [--workers N] [--store auto]

FOLDER holds `train/<class>/…` and, if there is one, `test/<class>/…`; all of it is trained on. Every side runs in a
process of its own, in turn, round after round: crop (4 pixels), mirror image, float, normalised, batches of 256. The
first epoch begins with nothing but the files, the second is the next in the same process; "another process" finds what
the one before it decoded.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parent / "results"
BATCH, SIDE = 256, 32
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def main() -> None:
    """Run one side, or all of them in turn."""
    arguments = _arguments()
    if arguments.side:
        sides: dict[str, Callable[[argparse.Namespace], dict[str, float]]] = {
            "sightline": _sightline,
            "torchvision": _torchvision,
        }
        print(json.dumps(sides[arguments.side](arguments)))
        return
    rounds = [_round(arguments) for _ in range(arguments.rounds + 1)][1:]  # the first one warms the disk's cache
    result = _summary(rounds, arguments)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "data.json").write_text(json.dumps(result, indent=1) + "\n")
    _show(result)


def _arguments() -> argparse.Namespace:
    from sightline.machine.container import usable_cores

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=usable_cores(), help="processes that decode, of either side")
    parser.add_argument("--store", default="auto", help="data.store: auto, memory, disk or stream")
    parser.add_argument("--side", choices=["sightline", "torchvision"], help=argparse.SUPPRESS)
    parser.add_argument("--runs", help=argparse.SUPPRESS)
    return parser.parse_args()


def _round(arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as runs:
        ours = _process(arguments, "sightline", runs)
        theirs = _process(arguments, "torchvision", runs)
        again = _process(arguments, "sightline", runs)
    return {"sightline": ours, "torchvision": theirs, "again": again}


def _process(arguments: argparse.Namespace, side: str, runs: str) -> dict[str, float]:
    words = ["--root", arguments.root, "--workers", arguments.workers, "--store", arguments.store, "--runs", runs]
    command = [sys.executable, "-m", "benchmarks.data", "--side", side, *map(str, words)]
    # Bound threads would bind a DataLoader's forked workers to the core of the thread that forks them.
    environment = {key: value for key, value in os.environ.items() if key != "OMP_PROC_BIND"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


# ---------------------------------------------------------------- the two sides


def _sightline(arguments: argparse.Namespace) -> dict[str, float]:
    import numpy as np
    import torch

    from sightline.cli import compose_config
    from sightline.config import parse
    from sightline.data.dataset import Dataset, decode_images, list_images
    from sightline.data.loaders import TrainLoader
    from sightline.data.reduction import Reduction
    from sightline.data.splits.assignment import in_one_role
    from sightline.data.transforms.transform import TrainTransform
    from sightline.machine.environment import prepare_torch

    prepare_torch()
    config = parse.parse(
        compose_config(
            [
                "data=folder",
                f"data.root={arguments.root}",
                f"data.workers={arguments.workers}",
                f"data.store={arguments.store}",
                "transforms=standard",
                "transforms.horizontal_flip=0.5",
                f"runs_dir={arguments.runs}",
            ]
        )
    )
    start = time.perf_counter()
    source = list_images(config)
    store = decode_images(source, Reduction(SIDE), config)
    opened = time.perf_counter() - start
    split = in_one_role(source, store.facts.hashes, "train")
    transform = TrainTransform(
        config.transforms, image_size=SIDE, mean=MEAN, std=STD, interpolation="bilinear", seed=0, crop_fraction=1.0
    )
    dataset = Dataset(split, store, np.arange(len(source)))
    loader = TrainLoader(
        dataset, transform, config.transforms.mixing, BATCH, 0, torch.device("cpu"), torch.contiguous_format
    )
    batches = (batch.images for batch in loader.batches(0, 2 * len(loader)))
    return {"items": len(source), "open": opened} | _epochs(batches, len(loader), start)


def _torchvision(arguments: argparse.Namespace) -> dict[str, float]:
    from torch.utils.data import ConcatDataset, DataLoader
    from torchvision import datasets, transforms

    start = time.perf_counter()
    transform = transforms.Compose(
        [
            transforms.RandomCrop(SIDE, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    folders = [arguments.root / name for name in ("train", "test") if (arguments.root / name).is_dir()]
    dataset = ConcatDataset([datasets.ImageFolder(folder, transform) for folder in folders])
    loader = DataLoader(
        dataset, BATCH, shuffle=True, num_workers=arguments.workers, persistent_workers=arguments.workers > 0
    )
    batches = (images for _ in range(2) for images, _ in loader)
    return {"items": len(dataset)} | _epochs(batches, len(loader), start)


def _epochs(batches: Iterable[Any], length: int, start: float) -> dict[str, float]:
    """Seconds of the first epoch, counted from `start`, and of the second; both sides are used alike."""
    flow: Iterator[Any] = iter(batches)
    seconds = []
    for _ in range(2):
        for _ in range(length):
            images = next(flow)
            assert images.shape[1:] == (3, SIDE, SIDE)
        seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
    return {"first": seconds[0], "second": seconds[1]}


# ---------------------------------------------------------------- what is told


def _summary(rounds: list[dict[str, dict[str, float]]], arguments: argparse.Namespace) -> dict[str, Any]:
    items = rounds[0]["sightline"]["items"]
    times = {
        "first epoch, from files": ("sightline", "first"),
        "second epoch": ("sightline", "second"),
        "another process: first epoch": ("again", "first"),
        "another process: opening the store": ("again", "open"),
        "ImageFolder + DataLoader, first epoch": ("torchvision", "first"),
        "ImageFolder + DataLoader, second epoch": ("torchvision", "second"),
    }
    seconds = {name: [one[side][key] for one in rounds] for name, (side, key) in times.items()}

    def ratio(name: str, peer: str) -> float:
        """The peer's time over ours, the median over rounds."""
        return median(theirs / ours for ours, theirs in zip(seconds[name], seconds[peer], strict=True))

    return {
        "items": items,
        "rounds": len(rounds),
        "workers": arguments.workers,
        "store": arguments.store,
        "seconds": {name: {"median": median(all_), "all": all_} for name, all_ in seconds.items()},
        "images_per_second": {name: items / median(all_) for name, all_ in seconds.items() if "opening" not in name},
        "times_faster": {
            "first epoch": ratio("first epoch, from files", "ImageFolder + DataLoader, first epoch"),
            "second epoch": ratio("second epoch", "ImageFolder + DataLoader, second epoch"),
        },
    }


def _show(result: dict[str, Any]) -> None:
    print(f"{result['items']} images, {result['workers']} workers, medians of {result['rounds']} rounds")
    for name, seconds in result["seconds"].items():
        rate = result["images_per_second"].get(name)
        print(f"  {name:42} {seconds['median']:8.2f} s" + (f"  {rate:10,.0f} images/s" if rate else ""))
    for name, times in result["times_faster"].items():
        print(f"  {name}: {times:.2f} times as fast as ImageFolder + DataLoader")


if __name__ == "__main__":
    main()
