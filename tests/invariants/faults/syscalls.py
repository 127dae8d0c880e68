"""System calls of other processes, seen and answered before the kernel carries them out (seccomp user notification).

A filter in the kernel hands the calls that write to whoever holds its listener, and lets all others pass. It is
inherited by threads and by processes that are started, so nothing that writes is missed: not SQLite, not C++.
Needs Linux 5.5 on x86-64, and no rights. See seccomp_unotify(2).
"""

import ctypes
import errno
import fcntl
import os
import platform
import resource
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CALLS = {
    1: "write", 2: "open", 18: "pwrite64", 20: "writev", 40: "sendfile", 74: "fsync", 75: "fdatasync", 76: "truncate",
    77: "ftruncate", 82: "rename", 83: "mkdir", 84: "rmdir", 85: "creat", 86: "link", 87: "unlink", 88: "symlink",
    257: "openat", 258: "mkdirat", 263: "unlinkat", 264: "renameat", 265: "linkat", 266: "symlinkat", 275: "splice",
    285: "fallocate", 296: "pwritev", 316: "renameat2", 326: "copy_file_range", 328: "pwritev2", 437: "openat2",
}  # fmt: skip
"""Numbers on x86-64 of the calls that change what is in a file or a folder."""
PATHS: dict[str, tuple[int | None, int]] = {
    "open": (None, 0), "creat": (None, 0), "truncate": (None, 0), "rename": (None, 1), "mkdir": (None, 0),
    "rmdir": (None, 0), "link": (None, 1), "unlink": (None, 0), "symlink": (None, 1), "openat": (0, 1),
    "mkdirat": (0, 1), "unlinkat": (0, 1), "renameat": (2, 3), "renameat2": (2, 3), "linkat": (2, 3),
    "symlinkat": (1, 2), "openat2": (0, 1),
}  # fmt: skip
"""Which arguments are the folder and the path of what changes; of a rename or link the new name."""
DESCRIPTORS = {"sendfile": 0, "splice": 2, "copy_file_range": 2}
"""Which argument is the descriptor that is written to, where it is not the first."""
WRITES = {"write", "pwrite64"}
"""Calls that can be cut short: their third argument is a number of bytes."""
SYNCS = {"fsync", "fdatasync"}
OPEN_FLAGS = {"open": 1, "openat": 2}
"""Which argument says whether a file is opened for writing."""

_FILTER, _LISTENER, _SECCOMP, _NO_NEW_PRIVILEGES = 1, 8, 317, 38
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CONTINUE = 1
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ARGUMENTS = 16
"""Where the arguments begin in what a filter looks at."""
_NOTIFICATION = struct.Struct("<QIIiIQ6Q")
_ANSWER = struct.Struct("<QqiI")
_HERE = 2**32 - 100
"""AT_FDCWD."""


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("then", ctypes.c_ubyte), ("other", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def _program() -> list[tuple[int, int, int, int]]:
    """Berkeley packet filter: notify of the calls, of opening a file only where it is not for reading alone."""
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    program = [(_LOAD, 0, 0, 0)]
    for number, name in CALLS.items():
        if name in OPEN_FLAGS:
            flags = _ARGUMENTS + 8 * OPEN_FLAGS[name]
            program += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, flags), (_ANY_BIT, 0, 1, writing)]
            program += [(_RETURN, 0, 0, _NOTIFY), (_RETURN, 0, 0, _ALLOW)]
        else:
            program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _NOTIFY)]
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def watch_this_process() -> int:
    """Have this process and all that it starts ask before they write; the listener that is asked.

    Raises:
        OSError: the kernel cannot do that, or may not.
    """
    if platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, f"the numbers of system calls on {platform.machine()} are not known here")
    libc = ctypes.CDLL(None, use_errno=True)
    instructions = [_Instruction(*one) for one in _program()]
    program = _Program(len(instructions), (_Instruction * len(instructions))(*instructions))
    listener = -1
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0:
        listener = libc.syscall(_SECCOMP, _FILTER, _LISTENER, ctypes.byref(program))
    if listener < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(listener)


@dataclass(frozen=True)
class Call:
    """A system call that waits for an answer.

    Attributes:
        cookie: of the kernel, for the answer.
        thread: that waits.
        number: of the call, on this kind of machine.
        name: of the call.
        path: of what it changes; None where that is no file or folder.
        arguments: as they are in registers.
    """

    cookie: int
    thread: int
    number: int
    name: str
    path: Path | None
    arguments: tuple[int, ...]


def receive(listener: int) -> Call | None:
    """The next call; None where its process died meanwhile."""
    buffer = bytearray(_NOTIFICATION.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, buffer)
    except FileNotFoundError:
        return None
    cookie, thread, _, number, _, _, *arguments = _NOTIFICATION.unpack(buffer)
    name = CALLS[number]
    return Call(cookie, thread, number, name, _path(thread, name, arguments), tuple(arguments))


def _path(thread: int, name: str, arguments: list[int]) -> Path | None:
    process = Path(f"/proc/{thread}")
    if name not in PATHS:
        path = (process / "fd" / str(arguments[DESCRIPTORS.get(name, 0)])).readlink()
        return path if path.is_absolute() else None  # pipes and sockets are named without
    folder, place = PATHS[name]
    here = folder is None or arguments[folder] & 0xFFFFFFFF == _HERE
    base = process / "cwd" if here else process / "fd" / str(arguments[folder or 0])
    return base.readlink() / os.fsdecode(_text(thread, arguments[place]))


def _text(thread: int, address: int) -> bytes:
    """The string at an address of another process."""
    with Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        text = b""
        while b"\0" not in text:
            text += memory.read(256 - (address + len(text)) % 256)  # never beyond a page that is there
        return text.partition(b"\0")[0]


def let_pass(listener: int, call: Call) -> None:
    """Have the kernel carry out the call."""
    _answer(listener, call, 0, 0, _CONTINUE)


def succeed(listener: int, call: Call) -> None:
    """Say that the call was carried out, though nothing was done."""
    _answer(listener, call, 0, 0, 0)


def fail(listener: int, call: Call, number: int) -> None:
    """Refuse the call with this number of an error."""
    _answer(listener, call, 0, -number, 0)


def _answer(listener: int, call: Call, value: int, error: int, flags: int) -> None:
    with suppress(FileNotFoundError):  # killed meanwhile
        fcntl.ioctl(listener, _SEND, bytearray(_ANSWER.pack(call.cookie, value, error, flags)))


def written_range(call: Call) -> tuple[int, int]:
    """From where on a write writes into its file, and how many bytes."""
    descriptor, count = call.arguments[0], call.arguments[2]
    facts = Path(f"/proc/{call.thread}/fdinfo/{descriptor}").read_text().split()
    if int(facts[facts.index("flags:") + 1], 8) & os.O_APPEND:
        return Path(f"/proc/{call.thread}/fd/{descriptor}").stat().st_size, count
    if call.name == "pwrite64":
        return call.arguments[3], count
    return int(facts[facts.index("pos:") + 1]), count


def written_bytes(call: Call) -> bytes:
    """What a write is about to write."""
    with Path(f"/proc/{call.thread}/mem").open("rb", buffering=0) as memory:
        memory.seek(call.arguments[1])
        return memory.read(call.arguments[2])


def limit_file_size(thread: int, size: int | None) -> None:
    """Have the kernel refuse that process files above a size, so that a write is cut short; None takes that back."""
    _, hard = resource.prlimit(thread, resource.RLIMIT_FSIZE)
    resource.prlimit(thread, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))
