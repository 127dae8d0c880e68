"""What the data gate finds of copies planted in CIFAR-10, what it finds without them, and what it costs.

    python -m benchmarks.duplicates --cifar DIR [--parts found cost] [--quick]

DIR holds train/<class>/* and test/<class>/*.

- `found`: `sightline validate` as a process on 5,000 images of test/, on which no limit was chosen, without and with
  plants: files that are no images, equal files in the same class and in another, and copies saved as JPEG of quality
  50, resized (24 or 48 px), brighter by 25/255, mirrored, cropped to 28 px anywhere (every second one brought back to
  32). No image is copied twice. Pairs found without plants are told as such: CIFAR-10 has near copies of its own. An
  alarm is a pair that is neither planted nor found without plants, nor joins a plant to what its original is like.
  Then the status of each policy `refuse`.
- `cost`: the same command on all 60,000 images with nothing decoded beforehand: seconds, and the peak of the process
  and of its workers together. A folder of 1,000,000 names, all empty files: listed, and split by names alone.
"""

import argparse
import csv
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from benchmarks.memory import measured
from benchmarks.processes import machine_facts, printed, tell

RESULTS: Final = Path(__file__).parent / "results/duplicates.json"
IMAGES: Final = 5000
NAMES: Final = 1_000_000
CLASSES: Final = 100
"""Folders that hold the names."""

PLANTED: Final[Mapping[str, int]] = {
    "corrupt": 20,
    "exact": 50,
    "JPEG 50": 50,
    "resized": 50,
    "brighter": 50,
    "mirrored": 50,
    "cropped": 50,
    "label conflict": 10,
}
REFUSING: Final = ("unreadable", "near_duplicates", "label_conflicts")
POLICIES: Final = {"unreadable": "drop", "near_duplicates": "warn", "label_conflicts": "warn"}


class Answer(NamedTuple):
    """What the gate said of a folder.

    Attributes:
        status: of the command.
        ids: of the images that may be used, none where it refused.
        pairs: of copies.
        counts: of each finding.
    """

    status: int
    ids: frozenset[str]
    pairs: frozenset[frozenset[str]]
    counts: dict[str, int]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar", type=Path)
    parser.add_argument("--parts", nargs="+", choices=("found", "cost"), default=["found", "cost"])
    parser.add_argument("--seed", type=int, default=0, help="of which images are drawn, and which are planted")
    parser.add_argument("--quick", action="store_true", help="few images, nothing written: does it work?")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--names", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.names is not None:
        print(json.dumps(listed(arguments.names)))
        return
    if arguments.cifar is None:
        parser.error("--cifar is missing")
    small = 10 if arguments.quick else 1
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "found": lambda: found(arguments.cifar / "test", small, arguments.seed),
        "cost": lambda: cost(arguments.cifar, small),
    }
    answers = {}
    for name in arguments.parts:
        answers[name] = {"where": machine_facts(), "load": os.getloadavg()[0]} | parts[name]()
        tell(name, answers[name])
    if not arguments.quick:
        before = json.loads(arguments.output.read_text()) if arguments.output.is_file() else {}
        arguments.output.write_text(json.dumps(before | answers, indent=1) + "\n")


# ---------------------------------------------------------------- what is found


def found(source: Path, small: int, seed: int) -> dict[str, Any]:
    """Recall of each kind, what is found without plants, alarms beyond that, and the statuses of refusals."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = sorted(source.glob("*/*"))
        drawn = [files[one] for one in sorted(rng.permutation(len(files))[: IMAGES // small])]
        for file in drawn:
            (folder / file.parent.name).mkdir(exist_ok=True)
            shutil.copyfile(file, folder / file.parent.name / file.name)
        plain = gate(folder)
        origin, kinds = plant(folder, {kind: max(2, count // small) for kind, count in PLANTED.items()}, rng)
        planted = gate(folder)
        statuses = {policy: gate(folder, **{policy: "refuse"}).status for policy in REFUSING}
    truth = {frozenset((one, of)): kinds[one] for one, of in origin.items() if of}
    hits = [kind for pair, kind in truth.items() if pair in planted.pairs]
    hits += [kind for one, kind in kinds.items() if kind == "corrupt" and one not in planted.ids]
    beyond = planted.pairs - truth.keys() - plain.pairs
    follow = {pair for pair in beyond if frozenset(origin.get(one) or one for one in pair) in plain.pairs}
    like = {one for pair in plain.pairs for one in pair}
    return {
        "images": len(drawn),
        "recall": {kind: [hits.count(kind), list(kinds.values()).count(kind)] for kind in PLANTED},
        "without plants": {"pairs": len(plain.pairs), "images": len(like), "share": len(like) / len(drawn)},
        "alarms": len(beyond - follow),
        "alarms of": sorted(sorted(pair) for pair in beyond - follow),
        "images lost": len(plain.ids - planted.ids),
        "images in label conflicts": planted.counts["label_conflicts"] - plain.counts["label_conflicts"],
        "status where refused": statuses,
    }


def plant(folder: Path, counts: Mapping[str, int], rng: np.random.Generator) -> tuple[dict[str, str], dict[str, str]]:
    """Add files to a folder: of each its original, none for what is no image, and its kind."""
    ids = sorted(str(file.relative_to(folder)) for file in folder.glob("*/*"))
    sources = iter(ids[place] for place in rng.permutation(len(ids)))
    classes = sorted({one.split("/")[0] for one in ids})
    origin, kinds = {}, {}
    for kind, count in counts.items():
        for number in range(count):
            source = next(sources)
            label = source.split("/")[0]
            if kind == "label conflict":
                label = classes[(classes.index(label) + 1 + number % (len(classes) - 1)) % len(classes)]
            planted = f"{label}/planted_{kind.replace(' ', '_')}_{number:03}.jpg"
            (folder / planted).write_bytes(_copy(kind, number, (folder / source).read_bytes(), rng))
            origin[planted], kinds[planted] = "" if kind == "corrupt" else source, kind
    return origin, kinds


def _copy(kind: str, number: int, content: bytes, rng: np.random.Generator) -> bytes:
    """The content of a plant."""
    if kind in {"exact", "label conflict"}:
        return content
    if kind == "corrupt":
        return (b"", rng.bytes(900), content[: len(content) // 2], b"no picture")[number % 4]
    image = Image.open(io.BytesIO(content)).convert("RGB")
    stream = io.BytesIO()
    _changed(kind, number, image, rng).save(stream, "JPEG", quality=50 if kind == "JPEG 50" else 95)
    return stream.getvalue()


def _changed(kind: str, number: int, image: Image.Image, rng: np.random.Generator) -> Image.Image:
    bicubic, side = Image.Resampling.BICUBIC, image.size[0]
    match kind:
        case "resized":
            return image.resize((side * 3 // 4,) * 2 if number % 2 else (side * 3 // 2,) * 2, bicubic)
        case "brighter":
            return image.point(lambda value: min(255, value + 25))
        case "mirrored":
            return ImageOps.mirror(image)
        case "cropped":
            kept = round(0.88 * side)
            left, upper = rng.integers(0, side - kept + 1, 2).tolist()
            part = image.crop((left, upper, left + kept, upper + kept))
            return part.resize((side, side), bicubic) if number % 2 else part
    return image


def gate(folder: Path, **policies: str) -> Answer:
    """Run `validate` on a folder as a process."""
    asked = [f"data.validation.{key}={value}" for key, value in (POLICIES | policies).items()]
    with tempfile.TemporaryDirectory() as runs:
        words = ["validate", "model=cnn", "data=folder", f"data.root={folder}", f"runs_dir={runs}", "tracking=none"]
        done = subprocess.run([sys.executable, "-m", "sightline", *words, *asked], capture_output=True, text=True)
        run = next(Path(runs).glob("*-cnn/*"), None)
        if run is None or done.returncode not in {0, 3}:
            raise SystemExit(f"validate failed\n{done.stderr}")
        findings = json.loads((run / "validation.json").read_text())["findings"]
        split, table = run / "split.json", run / "duplicates.csv"
        items = json.loads(split.read_text())["items"].values() if split.is_file() else ()
        rows = list(csv.DictReader(table.open(newline=""))) if table.is_file() else []
    return Answer(
        done.returncode,
        frozenset(one for part in items for one in part["ids"]),
        frozenset(frozenset((row["id"], row["copy"])) for row in rows),
        {one["check"]: one["count"] for one in findings},
    )


# ---------------------------------------------------------------- what it costs


def cost(cifar: Path, small: int) -> dict[str, Any]:
    """Seconds and peaks of the gate on all images, and of listing very many names."""
    words = ["validate", "model=cnn", "data=folder", f"data.root={cifar}", "tracking=none"]
    limit = [f"limit={60_000 // small // 3}"] if small > 1 else []
    return {"gate": measured([*words, *limit]), "names": names(NAMES // small**2)}


def names(count: int) -> dict[str, float]:
    """Make a folder of empty files; what a process of its own takes to list it."""
    with tempfile.TemporaryDirectory() as place:
        for label in range(CLASSES):
            folder = Path(place) / f"class{label:02}"
            folder.mkdir()
            for number in range(count // CLASSES):
                (folder / f"{number:06}.jpg").touch()
        answer: dict[str, float] = json.loads(printed("-m", "benchmarks.duplicates", "--names", place).splitlines()[-1])
    return answer


def listed(folder: Path) -> dict[str, float]:
    """Seconds to list the images of a folder, and to draw their splits as if all contents differed; peak in GB."""
    from sightline.cli import compose_config
    from sightline.config import parse
    from sightline.data.dataset import list_images
    from sightline.data.splits.assignment import make_split

    config = parse.parse(compose_config(["data=folder", f"data.root={folder}"]))
    start = time.perf_counter()
    source = list_images(config)
    middle = time.perf_counter()
    make_split(source, source.ids, config.data)
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return {"names": len(source), "list_seconds": middle - start, "split_seconds": end - middle, "peak_gb": peak}


if __name__ == "__main__":
    main()
