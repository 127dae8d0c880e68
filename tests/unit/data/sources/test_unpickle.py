import os
import pickle
import struct

import numpy as np
import pytest

from sightline.data.sources.unpickle import BatchError, read_batch, read_names

DATA = np.random.default_rng(0).integers(0, 256, (5, 12), dtype=np.uint8)
LABELS = [0, 2, 1, 1, 0]


def text(value):
    """A string as Python 2 pickled it."""
    value = value if isinstance(value, bytes) else value.encode()
    return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<i", len(value)) + value


def python2_pickle(data, labels, kind="u1"):
    """The bytes that Python 2 and its numpy wrote for a batch, as the real archive holds them."""
    rows, columns = data.shape
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text("b") + b"\x87R(K\x01"
    array += b"M" + struct.pack("<H", rows) + b"M" + struct.pack("<H", columns) + b"\x86"
    array += b"cnumpy\ndtype\n" + text(kind) + b"K\x00K\x01\x87R(K\x03" + text("|")
    array += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89" + text(data.tobytes()) + b"tb"
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return b"\x80\x02}(" + text("data") + array + text("labels") + numbers + text("batch_label") + text("one") + b"u."


def test_batches_of_python_2():
    content = python2_pickle(DATA, LABELS)
    oracle = pickle.loads(content, encoding="latin1")
    assert (oracle["data"] == DATA).all()
    pixels, labels = read_batch(content, values=12, classes=3)
    assert pixels.dtype == np.uint8
    assert (pixels == DATA).all()
    assert labels.tolist() == LABELS
    assert labels.dtype == np.int64


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_batches_of_python_3(protocol):
    for content in ({"data": DATA, "labels": LABELS}, {b"data": DATA, b"labels": LABELS}):
        pixels, labels = read_batch(pickle.dumps(content, protocol=protocol), values=12, classes=3)
        assert (pixels == DATA).all()
        assert labels.tolist() == LABELS


def test_names():
    assert read_names(pickle.dumps({"label_names": ["cat", "dog"], "num_vis": 3072})) == ("cat", "dog")
    assert read_names(pickle.dumps({b"label_names": [b"cat", b"dog"]})) == ("cat", "dog")


class Attack:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_that_a_pickle_names_is_run(tmp_path, protocol):
    place = tmp_path / "owned"
    for function, arguments in [
        (os.system, (f"touch {place}",)),
        (eval, (f"open({str(place)!r}, 'w')",)),
        (exec, (f"open({str(place)!r}, 'w')",)),
        (os.mkdir, (str(place),)),
        (getattr, ("text", "upper")),
        (np.memmap, (str(place), "uint8", "w+", 0, (4,))),
        (pickle.loads, (pickle.dumps(Attack(os.mkdir, str(place))),)),
    ]:
        for content in (Attack(function, *arguments), {"data": Attack(function, *arguments), "labels": LABELS}):
            with pytest.raises(BatchError, match="it asks for"):
                read_batch(pickle.dumps(content, protocol=protocol), values=12, classes=3)
            assert not place.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        pickle.dumps([1, 2]),
        pickle.dumps({}),
        pickle.dumps({"data": [1], "labels": LABELS}),
        pickle.dumps({"data": DATA, "labels": LABELS[:-1]}, protocol=2),
        pickle.dumps({"data": DATA, "labels": [0, 1, 2, 3, 0]}, protocol=2),
        pickle.dumps({"data": DATA, "labels": [0, -1, 2, 1, 0]}, protocol=2),
        pickle.dumps({"data": DATA[:, :-1].copy(), "labels": LABELS}, protocol=2),
        pickle.dumps({"data": DATA.astype(np.float32), "labels": LABELS}, protocol=2),
        pickle.dumps({"data": DATA.astype(object), "labels": LABELS}, protocol=2),
        pickle.dumps({"data": np.asfortranarray(DATA), "labels": LABELS}, protocol=2),
        python2_pickle(DATA, LABELS, kind="i2"),
        python2_pickle(DATA, LABELS)[:-40],
        b"cnumpy\nndarray\n.",
        b"cnumpy\ndtype\n(lb.",
    ],
)
def test_everything_else_is_refused(content):
    with pytest.raises(BatchError):
        read_batch(content, values=12, classes=3)
    with pytest.raises(BatchError):
        read_names(content)


def test_a_file_cut_short_is_refused():
    whole = python2_pickle(DATA, LABELS)
    for length in range(len(whole)):
        with pytest.raises(BatchError):
            read_batch(whole[:length], values=12, classes=3)
