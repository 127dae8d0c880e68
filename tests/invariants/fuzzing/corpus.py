"""Whole files of every format that people or other programs hand in, which fuzzing then damages."""

import io
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import torch
import yaml
from PIL import Image
from safetensors.torch import save

from sightline.cli import compose_config
from sightline.data.store.entries import Entry, unreadable
from sightline.data.store.index import FILE, Index
from sightline.metrics.drift.statistics import PIXELS
from sightline.models.networks.cnn import Cnn
from tests.conftest import ROOT

GOLDEN = ROOT / "tests/golden/runs/finished"
WIDTH = 4


@cache
def images() -> list[bytes]:
    """Every format that is tried, in the modes and variants that take other ways through its reader."""
    rng = np.random.default_rng(0)
    colour = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    clear = colour.copy()
    clear.putalpha(colour.convert("L"))
    grey16 = Image.fromarray(rng.integers(0, 65536, (30, 40), dtype=np.uint16))
    exif = Image.Exif()
    exif[274] = 6
    frames = {"save_all": True, "append_images": [colour.rotate(90), colour.rotate(180)]}
    return [
        _encoded(colour, "JPEG", exif=exif),
        _encoded(colour, "JPEG", progressive=True),
        _encoded(colour.convert("CMYK"), "JPEG"),
        _encoded(colour.convert("L"), "JPEG", quality=30),
        _encoded(colour, "PNG"),
        _encoded(clear, "PNG", exif=exif),
        _encoded(colour.convert("P"), "PNG", transparency=0),
        _encoded(grey16, "PNG"),
        _encoded(colour.convert("1"), "PNG"),
        _encoded(colour, "PNG", **frames),
        _encoded(colour, "WEBP", lossless=True),
        _encoded(clear, "WEBP", quality=50),
        _encoded(colour, "WEBP", **frames),
        _encoded(colour, "BMP"),
        _encoded(colour.convert("P"), "BMP"),
        _encoded(colour, "DIB"),
        _encoded(colour.convert("P"), "GIF", transparency=1),
        _encoded(colour.convert("P"), "GIF", **frames),
        *(
            _encoded(colour, "TIFF", compression=kind)
            for kind in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
        ),
        _encoded(colour.convert("1"), "TIFF", compression="group4"),
        _encoded(clear, "TIFF"),
        _encoded(grey16, "TIFF"),
        _encoded(colour.convert("F"), "TIFF"),
        _encoded(colour.convert("LAB"), "TIFF"),
        _encoded(colour, "TIFF", **frames),
    ]


@cache
def masks() -> list[bytes]:
    """Class ids in every mode that masks may have, 40 by 30."""
    ids = Image.fromarray(np.random.default_rng(0).integers(0, 5, (30, 40), dtype=np.uint8))
    kinds = [("PNG", "L"), ("PNG", "P"), ("PNG", "1"), ("GIF", "P"), ("TIFF", "L"), ("BMP", "L"), ("WEBP", "RGB")]
    return [_encoded(ids.convert(mode), kind) for kind, mode in kinds]


@cache
def manifests() -> list[bytes]:
    """Tables of images; the files `a.png`, `ä.png` and `c, d.png` are there."""
    plain = 'path,label,split,group\na.png,cat,train,p\nä.png,dog,val,q\n"c, d.png",cat,test,\n'
    return [
        plain.encode(),
        plain.encode("utf-16"),
        plain.encode("cp1252"),
        ('sep=;\r\nPath;Label;Split;Group\r\na.png;1,0;train;1\r\nä.png;2,0;;2\r\n"c, d.png";1;test;2\r\n').encode(
            "utf-8-sig"
        ),
        "path\tlabel\tsplit\tgroup\na.png\t0\tTrain\t\nä.png\t1\t\t\nc, d.png\t1\tvalid\tx\n".encode(),
    ]


@cache
def prediction_tables() -> list[bytes]:
    """Predictions of other tools, as tables."""
    return [
        b"id,label,cat,dog,cow\na,0,1.5,-2,0\nb,1,-0.25,3e-5,7\nc,2,1,2,3\n",
        b"ID;Label;Group;cat;dog\r\na;1,0;p1;-0,25;1,5E-05\r\nb; 0 ;;3;-7,125\r\n;;;;\r\n",
        b"id,label,probability:cat,probability: dog\na,0,0.5,0.5\nb,1,0,1\nc,1,0.25,0.75\n",
        "id,label,Bär,Wölfin\nä,0,1,-inf\nö,1,0.5,2\n".encode("utf-16"),
    ]


@cache
def prediction_arrays() -> list[bytes]:
    """The same as arrays, and some whose kinds do not go together."""
    ids, labels = np.array(["a", "b", "c"]), np.array([0, 1, 1])
    logits = np.array([[1.5, -2.0], [0.0, 1e-3], [3.0, 2.0]])
    shares = np.array([[1.0, 0.0], [0.25, 0.75], [0.5, 0.5]])
    good = {"ids": ids, "labels": labels, "logits": logits}
    odd = {
        "labels": [labels * 1e300, labels[:, None], np.array(["0", "1", "1"]), labels * np.nan, labels.astype("M8[s]"),
                   labels * 1j],
        "ids": [np.arange(3), np.array([b"a", b"b", b"\xff"]), np.zeros(3, "U0"), np.zeros((3, 0)), np.zeros(3, "V4"),
                np.zeros(3, "i4,f8"), np.array(["a", "b", "\udcff"])],
        "logits": [logits.astype(np.float16), np.zeros((3, 0)), np.zeros((0, 2)), logits * np.inf, logits > 0,
                   np.full((3, 2), 1e308), np.float64(3), np.zeros((3, 2, 2)),
                   logits.astype(np.longdouble) * np.longdouble(10) ** 400],
        "class_names": [np.array([1, 2]), np.array(["x", "x"]), np.array("x"), np.zeros(2, "U0")],
        "groups": [np.array([1.5, np.nan, 2]), np.zeros(3, "S0"), np.array([[1], [2], [3]])],
    }  # fmt: skip
    made = [
        _npz(good),
        _npz({**good, "groups": np.array([7, 7, 9]), "class_names": np.array(["x", "y"])}),
        _npz({"ids": ids, "labels": labels, "probabilities": shares}),
        _npz(good, np.savez_compressed),
    ]
    return 5 * made + [_npz({**good, name: array}) for name, arrays in odd.items() for array in arrays]


@cache
def recipes() -> list[bytes]:
    """Recipes of overrides."""
    return [
        b"overrides:\n  - optimizer=sgd\n  - optimizer.lr=0.1\n  - training.epochs=3\n",
        b"# a comment\noverrides: [model=cnn, 'seeds=[1,2]', data=digits, transforms.crop.padding=0.1]\n",
    ]


@cache
def sweeps() -> list[bytes]:
    """Searches, those of `conf/` among them."""
    files = sorted((ROOT / "conf/sweep").glob("*.yaml"))
    return [file.read_bytes() for file in files] + [
        b"space:\n  optimizer.lr: {log_uniform: [1.0e-3, 1.0]}\ntrials: 4\n"
    ]


@cache
def configurations() -> list[bytes]:
    """Configurations as a run stores them."""
    composed = [compose_config([]), compose_config(["mode=demo", "model=resnet", "data=csv", "seeds=[1,2]"])]
    return [yaml.safe_dump(one, sort_keys=False).encode() for one in composed] + [(GOLDEN / "config.yaml").read_bytes()]


def network() -> Cnn:
    """The smallest that there is."""
    torch.manual_seed(0)
    return Cnn(2, width=WIDTH)


@cache
def safetensors() -> list[bytes]:
    """Weights in the format without code."""
    state = network().state_dict()
    return [
        save(state),
        save({"a": torch.zeros(2, 3), "b": torch.zeros(0), "c": torch.tensor(1)}),
        save({"model." + k: v for k, v in state.items()}),
    ]


@cache
def checkpoints() -> list[bytes]:
    """Weights and checkpoints as torch writes them, with what does not belong into one."""
    state = network().state_dict()
    shared = torch.zeros(4, 4)
    contents: list[object] = [
        state,
        {"model": state, "progress": {"step": 3, "epoch": 1}, "rng": torch.get_rng_state()},
        {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}},
        {"model": [1, 2]}, {"model": {}}, [state], {1: shared}, {"a": "text"}, shared,
        {"a": shared.expand(10**6, 4, 4), "b": shared.to(torch.bfloat16), "c": torch.zeros(0, 10**9)},
        {"a": torch.sparse_coo_tensor(torch.tensor([[0]]), torch.tensor([1.0]), (2**40,))},
        {"a": shared.to("meta").expand(10**9, 4, 4)}, {"a": torch.quantize_per_tensor(shared, 0.1, 0, torch.qint8)},
    ]  # fmt: skip
    found = [_torch(content) for content in contents]
    return [*found, _torch(state, _use_new_zipfile_serialization=False), (GOLDEN / "checkpoints/best.pt").read_bytes()]


@cache
def stored_arrays() -> list[bytes]:
    """Arrays of a run."""
    return [
        (GOLDEN / name).read_bytes()
        for name in ("predictions/calibration.npz", "predictions/test.npz", "explain/maps.npz")
    ]


@cache
def references() -> list[bytes]:
    """What new images are held against, as `calibrate` keeps it, and with what does not belong into it."""
    rng, held = np.random.default_rng(0), {"val": 30, "calibration": 40}
    whole = {
        "roles": np.repeat(list(held), list(held.values())),
        "places": np.concatenate([np.arange(count) for count in held.values()]),
        "names": np.array(list(PIXELS)),
        "pixels": rng.uniform(0, 255, (70, len(PIXELS))).astype(np.float32),
    }
    odd: list[dict[str, np.ndarray]] = [
        {"places": whole["places"] - 9}, {"places": whole["places"] * 1000}, {"places": whole["pixels"]},
        {"pixels": whole["pixels"].astype(np.float64)}, {"pixels": whole["pixels"][:, :2]},
        {"pixels": np.full_like(whole["pixels"], np.nan)}, {"roles": whole["places"]}, {"names": whole["pixels"]},
        {name: array[:0] for name, array in whole.items() if name != "names"},
    ]  # fmt: skip
    return [_npz(whole), *(_npz(whole | one) for one in odd)]


@cache
def stored_json() -> list[bytes]:
    """Objects of a run."""
    return [file.read_bytes() for file in sorted(GOLDEN.glob("*.json"))]


@cache
def stored_rows() -> list[bytes]:
    """Lines of objects of a run."""
    return [file.read_bytes() for file in sorted(GOLDEN.glob("*.jsonl"))]


@cache
def indices() -> list[bytes]:
    """What a store of decoded images says of its two."""
    entry = Entry("a" * 32, 40, 30, "RGB", 30, 40, [1, 2, 3, 4, 5, 2**40], None)
    with tempfile.TemporaryDirectory() as folder:
        Index.of([entry, unreadable("b" * 32, "why")], 3).save(Path(folder))
        return [(Path(folder) / FILE).read_bytes()]


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _npz(arrays: dict[str, np.ndarray], save_arrays: object = np.savez) -> bytes:
    stream = io.BytesIO()
    save_arrays(stream, **arrays)  # type: ignore[operator]
    return stream.getvalue()


def _torch(content: object, **options: bool) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, **options)
    return stream.getvalue()
