"""What corruptions cost: ours beside the living port of ImageNet-C's code, and the whole of mode `robustness`.

    python -m benchmarks.corruptions [--rounds 3] [--run RUN] [--quick]

Fifteen corruptions at five severities with ImageNet-C's constants, on the same pictures (two photographs of
scikit-learn, cut at random), at 32 and at 224 px: batches of ours beside single images of `imagecorruptions-imaug`,
which is how it takes them. Both take their turns in one process, on every core that they use of themselves, after a
call each that does not count. Its elastic transform and frost are others than the published ones, and are timed too.

With `--run`, a trained classifier on images: `sightline robustness` without attacks on a copy of that run, as a whole
process, on every image of its test split: seconds for so many images under 75 conditions and without any.
"""

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.environment import go_on_beside
from benchmarks.processes import machine_facts, printed, tell
from sightline.config.robustness import CORRUPTIONS
from sightline.robustness.corruptions.corrupt import corrupt

RESULTS = Path(__file__).parent / "results/corruptions.json"
PEER = "imagecorruptions-imaug"
COUNTS = {32: (256, 32), 224: (32, 4)}
"""By side: how many images ours takes at once, and how many single ones the peer."""
SEVERITIES = (1, 2, 3, 4, 5)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", type=Path, help="a finished run of a classifier; it stays as it is")
    parser.add_argument("--quick", action="store_true", help="one round, severity 3, nothing written: does it work?")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    go_on_beside("benchmarks.corruptions", {"imagecorruptions": PEER})
    severities, rounds = ((3,), 1) if arguments.quick else (SEVERITIES, arguments.rounds)
    where = machine_facts()
    found: dict[str, Any] = {"where": where, "threads": torch.get_num_threads(), "rounds": rounds}
    for side in COUNTS:
        found[f"{side} px"] = images_a_second(side, severities, rounds)
        tell(f"{side} px", found[f"{side} px"]["all"])
    if arguments.run is not None:
        found["mode"] = whole_mode(arguments.run, severities)
        tell("mode", found["mode"])
    if not arguments.quick:
        arguments.output.write_text(json.dumps(found, indent=1) + "\n")


def images_a_second(side: int, severities: tuple[int, ...], rounds: int) -> dict[str, dict[str, float]]:
    """Of each corruption, over its severities, and of all: images a second of both, and the median ratio of rounds."""
    ours, theirs = COUNTS[side]
    images = pictures(ours, side)
    timed = {name: [_round(images, theirs, name, severities) for _ in range(rounds)] for name in CORRUPTIONS}
    timed["all"] = [
        {way: sum(timed[name][turn][way] for name in CORRUPTIONS) for way in ("sightline", "peer")}
        for turn in range(rounds)
    ]
    table = {}
    for name, turns in timed.items():
        conditions = len(severities) * (len(CORRUPTIONS) if name == "all" else 1)
        table[name] = {
            "sightline": conditions / median(one["sightline"] for one in turns),
            "peer": conditions / median(one["peer"] for one in turns),
            "ratio": median(one["peer"] / one["sightline"] for one in turns),
        }
    return table


def pictures(count: int, side: int) -> np.ndarray:
    """(count, side, side, 3) uint8, cut from two photographs and reduced."""
    from sklearn.datasets import load_sample_images

    photos, rng, found = load_sample_images().images, np.random.default_rng(0), []
    for number in range(count):
        photo = photos[number % len(photos)]
        length = int(rng.integers(224, 400))
        top, left = (int(rng.integers(0, whole - length + 1)) for whole in photo.shape[:2])
        cut = Image.fromarray(photo[top : top + length, left : left + length])
        found.append(np.asarray(cut.resize((side, side), Image.Resampling.BICUBIC)))
    return np.stack(found)


def _round(images: np.ndarray, singles: int, name: str, severities: tuple[int, ...]) -> dict[str, float]:
    """Seconds an image of both, summed over severities."""
    import imagecorruptions

    batch, ids = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()), [str(number) for number in range(len(images))]
    seconds = {"sightline": 0.0, "peer": 0.0}
    for severity in severities:
        corrupt(batch[:1], ids[:1], name, severity, seed=0, constants="imagenet")
        imagecorruptions.corrupt(images[0], severity=severity, corruption_name=name)
        start = time.perf_counter()
        corrupt(batch, ids, name, severity, seed=0, constants="imagenet")
        middle = time.perf_counter()
        for image in images[:singles]:
            imagecorruptions.corrupt(image, severity=severity, corruption_name=name)
        seconds["peer"] += (time.perf_counter() - middle) / singles
        seconds["sightline"] += (middle - start) / len(images)
    return seconds


def whole_mode(run: Path, severities: tuple[int, ...]) -> dict[str, float]:
    """Seconds of the mode as a process, corruptions alone, on the test split of a copy of the run."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / run.resolve().name
        shutil.copytree(run.resolve(), copy, symlinks=True)
        asked = f"robustness.severities=[{','.join(map(str, severities))}]"
        left_out = [f"robustness.{key}" for key in ("attacks=[]", "shifts=[]", "rotations=[]", "backgrounds=false")]
        words = ["robustness", f"run={copy}", *left_out, "robustness.split=test", asked, "tracking=none"]
        start = time.perf_counter()
        printed("-m", "sightline", *words)
        seconds = time.perf_counter() - start
        n = json.loads((copy / "robustness.json").read_text())["n"]
    conditions = 1 + len(severities) * len(CORRUPTIONS)
    return {"images": n, "conditions": conditions, "seconds": seconds, "images_a_second": n * conditions / seconds}


if __name__ == "__main__":
    main()
