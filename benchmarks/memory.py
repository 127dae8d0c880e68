"""Peak resident memory of whole trainings: of the process itself, and of its decode workers together.

    python -m benchmarks.memory --cifar10 ROOT
    python -m benchmarks.memory --large FOLDER [--gigabytes 10] [--stores disk stream auto] [--side 64]
    python -m benchmarks.memory --digits [--rounds 3] [--output FILE]

The first trains the small network on CIFAR-10 for an epoch. The second fills FOLDER with JPEG pictures of 1024 pixels
(and removes them afterwards), then trains a small timm model on them for some steps, once for each `data.store`. The
third runs the demo for two epochs, round after round, in a minute. What counts is the largest VmHWM that Linux reports;
the files' pages in the system's cache are nobody's memory.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks.processes import machine_facts

RESULTS = Path(__file__).parent / "results"
PICTURE_SIDE, BASES, CLASSES = 1024, 32, 4
SHORT = ("tracking=none", "evaluation.resamples=100", "calibration.resamples=100")
COMMON = ("training.epochs=1", *SHORT)


def main() -> None:
    """Measure what was asked for, and keep it beside what was measured before."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar10", type=Path, metavar="ROOT")
    parser.add_argument("--large", type=Path, metavar="FOLDER")
    parser.add_argument("--gigabytes", type=float, default=10.0)
    parser.add_argument("--stores", nargs="+", default=["disk", "stream", "auto"])
    parser.add_argument("--side", type=int, default=64, help="image_size of the large folder's training")
    parser.add_argument("--digits", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, help="of --digits; results/memory_digits.json beside this file")
    arguments = parser.parse_args()
    if arguments.digits:
        _digits(arguments.rounds, arguments.output or RESULTS / "memory_digits.json")
    found: dict[str, dict[str, float]] = {}
    if arguments.cifar10:
        found["cifar10"] = measured(["train", "data=cifar10", f"data.root={arguments.cifar10}", "model=cnn", *COMMON])
    if arguments.large:
        found |= _large(arguments)
    if not found:
        return
    RESULTS.mkdir(exist_ok=True)
    place = RESULTS / "memory.json"
    before: dict[str, Any] = json.loads(place.read_text()) if place.is_file() else {}
    place.write_text(json.dumps(before | found, indent=1) + "\n")
    for name, values in found.items():
        print(f"{name:24} " + "  ".join(f"{key} {value:,.2f}" for key, value in values.items()))


def measured(words: Sequence[str]) -> dict[str, float]:
    """Train with these words in a process of its own; its peak, its children's together, GB, and seconds."""
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-m", "sightline", *words, f"runs_dir={runs}"]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        peaks = {"process_gb": 0.0, "workers_gb": 0.0}
        while process.poll() is None:
            _look(psutil.Process(process.pid), peaks)
            time.sleep(0.1)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return peaks | {"seconds": time.perf_counter() - start}


def _look(process: psutil.Process, peaks: dict[str, float]) -> None:
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = next((int(line.split()[1]) / 1e6 * 1.024 for line in status.splitlines() if "VmHWM" in line), 0.0)
        workers = sum(child.memory_info().rss for child in process.children(recursive=True)) / 1e9
    except (OSError, psutil.Error):
        return
    peaks["process_gb"] = max(peaks["process_gb"], peak)
    peaks["workers_gb"] = max(peaks["workers_gb"], workers)


def _digits(rounds: int, output: Path) -> None:
    peaks = []
    for _ in range(rounds):
        peaks.append(round(measured(["demo", "training.epochs=2", *SHORT])["process_gb"], 3))
        print(f"digits: {peaks[-1]:.3f} GB", file=sys.stderr, flush=True)
    result = {
        "what": {"device": "cpu", "data": "digits", "rounds": rounds},
        "where": machine_facts(),
        "peak_gb": {"digits": {"median": median(peaks), "all": peaks}},
    }
    output.write_text(json.dumps(result, indent=1) + "\n")


# ---------------------------------------------------------------- a large folder


def _large(arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    folder: Path = arguments.large
    folder.mkdir(parents=True)
    try:
        written = _fill(folder, round(arguments.gigabytes * 1e9))
        print(f"{written / 1e9:.1f} GB of pictures are written")
        words = ["train", "data=folder", f"data.root={folder}", "model=timm", "model.name=test_convnext.r160_in1k"]
        words += ["model.pretrained=false", f"image_size={arguments.side}", "training.steps_per_epoch=10", *COMMON]
        return {
            f"large_{store}": measured([*words, f"data.store={store}"]) | {"files_gb": written / 1e9}
            for store in arguments.stores
        }
    finally:
        shutil.rmtree(folder)


def _fill(folder: Path, size: int) -> int:
    """Write pictures until they take `size` bytes: some bases, each many times with another comment inside."""
    with ProcessPoolExecutor() as processes:
        bases = list(processes.map(_picture, range(BASES)))
    written, number = 0, 0
    lock, threads = threading.Lock(), 4
    for label in range(CLASSES):
        (folder / f"class{label}").mkdir()

    def write() -> None:
        nonlocal written, number
        while True:
            with lock:
                if written >= size:
                    return
                mine, number = number, number + 1
                base = bases[mine % BASES]
                written += len(base)
            comment = f"{mine:012}".encode()
            # A comment right after the start of the image: another file of the same pixels.
            content = base[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + base[2:]
            (folder / f"class{mine % BASES % CLASSES}" / f"{mine:06}.jpg").write_bytes(content)

    writers = [threading.Thread(target=write) for _ in range(threads)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return written


def _picture(number: int) -> bytes:
    """A picture as heavy as a photograph: clouds of colour and the grain of a sensor."""
    from io import BytesIO

    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    clouds = np.asarray(coarse.resize((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BICUBIC), dtype=np.float32)
    grain = rng.normal(0, 14, clouds.shape).astype(np.float32)
    stream = BytesIO()
    Image.fromarray((clouds + grain).clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=95)
    return stream.getvalue()


if __name__ == "__main__":
    main()
