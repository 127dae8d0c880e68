"""Damage to bytes, drawn from a generator: the same generator gives the same damage."""

import io
import json
import random
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable

import yaml

Mutation = Callable[[bytes, random.Random, list[bytes]], bytes]

MOST = 2**20
"""Bytes of a damaged file; repetition goes no further."""

EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**40, 2**63 - 1, 2**64 - 1)
NUMBERS = (
    b"0",
    b"-1",
    b"99999999999999999999",
    b"1e400",
    b"-1e308",
    b"nan",
    b"inf",
    b"0x10",
    b"1_0",
    b"1:30:00",
    b"9" * 5000,
)
TOKENS = (
    b"\0", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"\r", b"\r\n", b'"', b'""', b"'", b",", b";",
    b"\t", b":", b": ", b"- ", b"? ", b"|", b">", b"[", b"]", b"{", b"}", b"&a ", b"*a", b"<<: *a", b"!!binary ",
    b"!!python/object/apply:os.system [x]", b"!!timestamp ", b"!!int ", b"!!bool ", b"!!set ", b"${oc.env:HOME}", b"%",
    b"@", b"`", b"#", b"---\n", b"...\n", b"~", b"sep=;\n", b"\\ud800", b"\xed\xa0\x80", "ä".encode("latin-1"),
    "\u2028".encode(), b"\x1b[31m",
)  # fmt: skip
WRONG = (
    None, True, -1, 0, 2**70, 1e308, -1e-300, float("nan"), float("inf"), "", "x", "9" * 400, "\ud800", "\x1b[2J", [],
    {}, [[]], [None], {"a": {}}, [1, "x", None], {"": None}, "a=b", "../../..", "/dev/zero", "1e3", "null",
    [[[[[[[]]]]]]],
)  # fmt: skip
"""Values where others belong."""


def damaged(content: bytes, rng: random.Random, others: list[bytes], special: tuple[Mutation, ...] = ()) -> bytes:
    """The content after one to four mutations.

    Args:
        content: whole.
        rng: draws them.
        others: of the same format, to splice with.
        special: mutations that know the format; half of all.
    """
    for _ in range(rng.choice((1, 1, 2, 4))):
        mutation = rng.choice(special) if special and rng.random() < 0.5 else rng.choice(PLAIN)
        content = mutation(content, rng, others)[:MOST]
    return content


# ---------------------------------------------------------------- of any bytes


def flip(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """Bits of some bytes, most of them near the head."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 2, 8))):
        if changed:
            changed[_place(changed, rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """A few bytes with others."""
    place = _place(content, rng)
    return content[:place] + rng.randbytes(rng.choice((1, 4, 32))) + content[place + 4 :]


def set_length(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """A number of 16, 32 or 64 bits, in either order, to the edge of what it holds."""
    code, place = rng.choice(("<H", ">H", "<I", ">I", "<Q", ">Q")), _place(content, rng)
    number = rng.choice(EDGES) % 2 ** (8 * struct.calcsize(code))
    return content[:place] + struct.pack(code, number) + content[place + struct.calcsize(code) :]


def truncate(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """The beginning alone."""
    return content[: _place(content, rng)]


def cut_out(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """Without a piece."""
    place = _place(content, rng)
    return content[:place] + content[place + rng.choice((1, 4, 100, 10_000)) :]


def repeat(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """A piece many times over."""
    place, length = _place(content, rng), rng.choice((1, 4, 50, 1000))
    times = rng.choice((1, 2, 100, 20_000))
    return content[:place] + content[place : place + length] * times + content[place:]


def splice(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """The beginning of this and the end of another."""
    other = rng.choice(others)
    return content[: _place(content, rng)] + other[_place(other, rng) :]


def put_token(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """What means something in text, once or thousands of times."""
    place = _place(content, rng)
    return content[:place] + rng.choice(TOKENS) * rng.choice((1, 1, 2, 300, 150_000)) + content[place:]


def set_number(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """A number written in digits, to one that is hard to hold."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?", content))
    if not found:
        return content
    one = rng.choice(found)
    return content[: one.start()] + rng.choice(NUMBERS) + content[one.end() :]


def noise(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """Nothing of it at all, or its first bytes alone."""
    return content[: rng.choice((0, 0, 8))] + rng.randbytes(rng.choice((0, 1, 100, 5000)))


PLAIN: tuple[Mutation, ...] = (
    flip, flip, overwrite, set_length, set_length, truncate, cut_out, repeat, splice, put_token, set_number, noise,
)  # fmt: skip


def _place(content: bytes | bytearray, rng: random.Random) -> int:
    """Half of all are in the first hundred bytes, where heads are."""
    return rng.randrange(max(1, min(len(content), 100 if rng.random() < 0.5 else len(content))))


# ---------------------------------------------------------------- that know a format


def other_encoding(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """The same text as another program writes it."""
    text = content.decode("utf-8", "replace")
    return text.encode(
        rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-8-sig")), "replace"
    )


def long_cell(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """A cell or word beyond every limit."""
    place = _place(content, rng)
    return (
        content[:place]
        + rng.choice((b"x", b"9", b" ", b'"', b"a,", b"[")) * rng.choice((131_073, 400_000))
        + content[place:]
    )


def wrong_lines(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """Lines swapped, doubled and left out."""
    lines = content.splitlines(keepends=True)
    for _ in range(rng.choice((1, 3))):
        if lines:
            line = lines.pop(rng.randrange(len(lines)))
            for _ in range(rng.choice((0, 1, 2))):
                lines.insert(rng.randrange(len(lines) + 1), line)
    return b"".join(lines)


def wrong_yaml(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """A value of another kind where one belongs, or none, or a key too many."""
    if len(content) > 20_000 or b"*" in content:  # PyYAML itself would never end
        return flip(content, rng, [])
    return _wrong_tree(content, rng, yaml.safe_load, lambda tree: yaml.safe_dump(tree).encode())


def wrong_json(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """The same in JSON."""
    return _wrong_tree(content, rng, json.loads, lambda tree: json.dumps(tree).encode())


def aliases(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """Aliases that stand for each other, doubling each time."""
    lists = rng.choice((b"[*a%d, *a%d]", b"{<<: [*a%d, *a%d]}"))
    first = b"a0: &a0 " + (b"{x: 1}" if lists.startswith(b"{") else b"[x]")
    count = rng.choice((3, 12, 40))
    more = [b"a%d: &a%d " % (n, n) + lists % (n - 1, n - 1) for n in range(1, count)]
    return b"\n".join([first, *more, content])


def png_chunks(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """One chunk of a PNG with other content and the right checksum; another size of the picture."""
    if not content.startswith(b"\x89PNG"):
        return flip(content, rng, [])
    head = bytearray(content)
    if rng.random() < 0.5 and len(head) > 33:
        struct.pack_into(">II", head, 16, rng.choice(EDGES) % 2**32, rng.choice((1, 8, 20_000, 2**31)))
        struct.pack_into(">I", head, 29, zlib.crc32(head[12:29]))
        return bytes(head)
    kind = rng.choice((b"tRNS", b"PLTE", b"iCCP", b"eXIf", b"zTXt", b"gAMA", b"acTL", b"fdAT"))
    body = rng.choice((rng.randbytes(rng.choice((0, 3, 6, 300))), b"x\0\0" + zlib.compress(bytes(10**7))))
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return content[:33] + chunk + content[33:]


def member(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """A zip archive with one member damaged, and the right checksums; perhaps squeezed, doubled or renamed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except Exception:  # noqa: BLE001 - damaged before
        return flip(content, rng, others)
    if not members:
        return content
    place = rng.randrange(len(members))
    name, inner = members[place]
    match rng.randrange(8):
        case 0:
            members.append((name, inner))
        case 1:
            members[place] = (name + "x", inner)
        case 2:
            del members[place]
        case 3:
            members[place] = (name, inner + bytes(2 * 10**8 if rng.random() < 0.1 else 10**5))
        case _:
            members[place] = (name, damaged(inner, rng, [one for _, one in members]))
    kind = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", kind) as archive:
        warnings.simplefilter("ignore")  # of names that occur twice
        for name, inner in members:
            archive.writestr(zipfile.ZipInfo(name), inner, kind)
    return stream.getvalue()


def safetensors_head(content: bytes, rng: random.Random, _: list[bytes]) -> bytes:
    """The description of tensors changed, with its length right."""
    if len(content) < 8:
        return content
    length = struct.unpack("<Q", content[:8])[0]
    head = content[8 : 8 + length]
    head = rng.choice((wrong_json, set_number, flip))(head, rng, [])
    return struct.pack("<Q", len(head)) + head + content[8 + length :]


def _wrong_tree(
    content: bytes, rng: random.Random, read: Callable[[bytes], object], write: Callable[[object], bytes]
) -> bytes:
    try:
        tree = read(content)
        return write(_changed(tree, rng))
    except Exception:  # noqa: BLE001 - damaged before, or beyond what the format holds
        return flip(content, rng, [])


def _changed(tree: object, rng: random.Random) -> object:
    """The tree with one node replaced, left out or nested deeply."""
    if isinstance(tree, dict) and tree and rng.random() < 0.9:
        key = rng.choice(list(tree))
        rest = {name: value for name, value in tree.items() if name != key}
        match rng.randrange(10):
            case 0:
                return rest
            case 1:
                return {**rest, rng.choice((1, None, "x", "0", 2.5)): tree[key]}
            case _:
                return {**tree, key: _changed(tree[key], rng)}
    if isinstance(tree, list) and tree and rng.random() < 0.9:
        place = rng.randrange(len(tree))
        if rng.random() < 0.1:
            return [*tree[:place], *tree[place + 1 :]]
        return [*tree[:place], _changed(tree[place], rng), *tree[place + 1 :]]
    nested = tree
    for _ in range(rng.choice((0, 0, 0, 5, 100))):
        nested = [nested] if rng.random() < 0.5 else {"a": nested}
    return nested if nested is not tree else rng.choice(WRONG)
