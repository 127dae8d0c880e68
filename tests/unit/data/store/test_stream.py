import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from sightline.data.reduction import Reduction
from sightline.data.sources.source import Source
from sightline.data.store import stream, workers
from sightline.data.store.factory import open_store
from sightline.data.store.workers import CRASHED
from sightline.errors import RunFailedError


@pytest.fixture
def source(tmp_path):
    """60 images of several shapes, the eighth broken."""
    folder, rng = tmp_path / "images", np.random.default_rng(0)
    folder.mkdir()
    paths = [folder / f"{number:02}.png" for number in range(60)]
    for number, path in enumerate(paths):
        Image.fromarray(rng.integers(0, 256, (20 + number % 3, 24, 3), dtype=np.uint8)).save(path)
    paths[7].write_bytes(paths[7].read_bytes()[:50])
    return Source.of_classes(
        tuple(path.name for path in paths), np.arange(60) % 2, ("a", "b"), (None,) * 60, files=tuple(paths)
    )


@pytest.fixture
def opened(source, tmp_path):
    """Opens the source with a number of workers."""
    return lambda count, kind="stream": open_store(source, Reduction(16), tmp_path / "cache", count, kind=kind)


def children():
    return [child for child in psutil.Process().children() if "sightline.data.store.entries" in child.cmdline()]


def all_equal(left, right):
    return all(torch.equal(one, other) for one, other in zip(left, right, strict=True))


ORDERS = [np.arange(60), np.array([5, 7, 3, 3, 59]), np.array([0]), np.array([7]), np.array([], dtype=np.int64)]


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_any_number_of_workers_gives_the_pixels_of_the_memory(opened, count):
    store, expected = opened(count), opened(0, "memory")
    for order in ORDERS:
        assert all_equal(store.batch(order), expected.batch(order))
    assert len(children()) == count
    del store
    assert children() == []


def test_who_only_looks_at_facts_starts_no_worker(opened):
    store = opened(2)
    assert len(store.facts.hashes) == 60
    assert store.shape_range()[0] == (16, 17)
    assert children() == []


def test_every_worker_gets_a_part_of_a_batch(opened, monkeypatch):
    asked = []
    original = workers._Worker.ask

    def ask(worker, paths, wanted):
        asked.append((worker, len(paths)))
        return original(worker, paths, wanted)

    monkeypatch.setattr(workers._Worker, "ask", ask)
    opened(2).batch(np.arange(60))
    assert len(asked) == 8
    assert max(count for _, count in asked) == 8
    assert len({worker for worker, _ in asked}) == 2


def test_threads_can_ask_at_once(opened):
    store, expected = opened(2), opened(0, "memory")
    together = threading.Barrier(3, timeout=100)

    def ask(shift):
        together.wait()
        return [store.batch(np.roll(np.arange(60), shift + step)) for step in range(5)]

    with ThreadPoolExecutor(3) as threads:
        for shift, batches in enumerate(threads.map(ask, range(3))):
            for step, batch in enumerate(batches):
                assert all_equal(batch, expected.batch(np.roll(np.arange(60), shift + step)))


def test_a_killed_worker_is_replaced_and_its_images_decoded_again(opened):
    store, expected = opened(2), opened(0, "memory").batch(np.arange(60))
    assert all_equal(store.batch(np.arange(60)), expected)
    before = children()
    before[0].kill()
    assert all_equal(store.batch(np.arange(60)), expected)
    after = children()
    assert len(after) == 2
    assert len({child.pid for child in [*before, *after]}) == 3


def test_workers_killed_in_the_middle_of_batches_change_no_pixel(opened, monkeypatch):
    monkeypatch.setattr(workers, "FILE_TRIES", 100)
    store, expected = opened(2), opened(0, "memory").batch(np.arange(60))
    store.batch(np.arange(4))
    done, killed = threading.Event(), set()

    def kill():
        # Only so many: on a busy machine a worker takes longer to start than it is let live here.
        while len(killed) < 4 and not done.wait(0.15):
            # A worker that died meanwhile is none to ask for its name.
            with suppress(psutil.Error, IndexError):
                child = children()[0]
                child.kill()
                killed.add(child.pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        while len(killed) < 4:
            assert all_equal(store.batch(np.arange(60)), expected)
    finally:
        done.set()
        killer.join()


def test_a_file_that_kills_every_worker_is_named(opened, source, monkeypatch):
    original, deaths = workers._Worker.ask, []

    def ask(worker, paths, wanted):
        if any(path.endswith("31.png") for path in paths):
            worker.kill()
            deaths.append(len(paths))
        return original(worker, paths, wanted)

    monkeypatch.setattr(workers._Worker, "ask", ask)
    store = opened(2)
    with pytest.raises(RunFailedError, match=rf"{source.files[31]} die again and again"):
        store.batch(np.arange(60))
    assert deaths.count(1) == 3
    assert store.batch(np.arange(20))[0].shape[0] == 20
    assert CRASHED.error


@pytest.mark.parametrize("count", [0, 2])
def test_a_file_that_vanished_or_changed_is_named(opened, source, count):
    store = opened(count)
    content = source.files[20].read_bytes()
    source.files[20].unlink()
    with pytest.raises(RunFailedError, match=rf"{source.files[20]} cannot be read any more: No such file"):
        store.batch(np.arange(60))
    source.files[21].replace(source.files[20])
    with pytest.raises(RunFailedError, match=rf"{source.files[20]} is not what it was"):
        store.batch(np.array([20]))
    source.files[20].write_bytes(content)
    assert store.batch(np.array([20]))[1].tolist() == [[18, 19]] or store.batch(np.array([20]))[0].any()


def test_one_answer_at_a_time_stays_small(opened, monkeypatch):
    monkeypatch.setattr(stream, "PIECE_FILES", 3)
    seen = []
    original = stream.read_entries

    def read(paths, *rest):
        seen.append(len(paths))
        return original(paths, *rest)

    monkeypatch.setattr(stream, "read_entries", read)
    opened(0).batch(np.arange(60))
    assert max(seen) == 3
    assert sum(seen) == 59


PARENT = """
import sys, time
from pathlib import Path
import numpy as np, psutil
from sightline.data.reduction import Reduction
from sightline.data.store.factory import open_store
from sightline.data.sources.source import Source
if __name__ == "__main__":
    files = tuple(sorted(Path(sys.argv[1]).iterdir()))
    names = tuple(path.name for path in files)
    source = Source.of_classes(names, np.arange(len(files)) % 2, ("a", "b"), (None,) * len(files), files=files)
    store = open_store(source, Reduction(16), Path(sys.argv[2]), 2, kind="stream")
    store.batch(np.arange(len(files)))
    print(*[child.pid for child in psutil.Process().children()], flush=True)
    time.sleep(float(sys.argv[3]))
"""


def test_workers_end_with_their_process_however_it_ends(source, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PARENT)
    words = [sys.executable, str(program), str(source.files[0].parent), str(tmp_path / "cache")]
    parents = {
        stop: subprocess.Popen(
            [*words, "60" if stop else "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for stop in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, None)
    }
    for stop, parent in parents.items():
        with parent:
            children = [int(word) for word in parent.stdout.readline().split()]
            assert len(children) == 2
            # Ctrl-C at a terminal goes to a whole process group: they are in none of ours.
            assert not stop or os.getpgid(0) not in {os.getpgid(child) for child in children}
            if stop:
                parent.send_signal(stop)
            complaints = parent.communicate(timeout=100)[1]
        left = [psutil.Process(child) for child in children if psutil.pid_exists(child)]
        assert psutil.wait_procs(left, timeout=100)[1] == []
        assert complaints.count("Traceback") == (1 if stop == signal.SIGINT else 0)
