"""The next batch is read while the last one is worked on."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


def prefetch(
    read: Callable[[Key], Value], keys: Iterable[Key], *, in_thread: bool = True
) -> Generator[Value, None, None]:
    """Yield `read(key)` of each key in order; the one after it is under way in a thread meanwhile.

    What `read` raises is raised when its turn comes. Close the iterator to end the thread.

    Args:
        read: makes what is yielded.
        keys: one for each.
        in_thread: whether there is a thread. Where reading waits for neither disk nor device, handing over to one
            would cost more than it saves.
    """
    if not in_thread:
        yield from map(read, keys)
        return
    thread = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
    try:
        waiting = None
        for key in keys:
            following = thread.submit(read, key)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()
    finally:
        thread.shutdown(wait=True, cancel_futures=True)
