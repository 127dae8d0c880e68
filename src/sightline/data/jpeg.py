"""How often a JPEG goes over its pixels: a small file of very many scans would take minutes."""

import re

MOST_SCANS = 64
"""A progressive JPEG has about ten; each takes a tenth of a second for the most pixels, and a few bytes of the file."""

SCAN, END_OF_IMAGE = b"\xff\xda", 0xD9
ALONE = frozenset({0x01, 0xD8})
"""Markers that no length follows, beside those within a scan."""

_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)


def has_too_many_scans(content: bytes) -> bool:
    """Whether the bytes of a file are a JPEG of more than `MOST_SCANS` scans, each over all pixels."""
    count, place = 0, 2
    if not content.startswith(b"\xff\xd8") or content.count(SCAN) <= MOST_SCANS:  # quick, and enough for nearly all
        return False
    while count <= MOST_SCANS and (found := _MARKER.search(content, place)):
        kind, place = content[found.end() - 1], found.end()
        if kind == END_OF_IMAGE:
            break
        if kind not in ALONE:
            place += int.from_bytes(content[place : place + 2])
        count += kind == SCAN[1]
    return count > MOST_SCANS
