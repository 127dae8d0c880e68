"""The next batch is fetched while the last one is worked on."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Key = TypeVar("Key")
Fetched = TypeVar("Fetched")


def read_ahead(
    fetch: Callable[[Key], Fetched], keys: Iterable[Key], *, waits: bool = True
) -> Generator[Fetched, None, None]:
    """Yield `fetch(key)` of each key in order; the one after it is under way in a thread meanwhile.

    What `fetch` raises is raised when its turn comes. Close the iterator to let go of the thread.

    Args:
        fetch: makes what is yielded.
        keys: one for each.
        waits: whether fetching waits for a disk or a device. Where it does not, handing over to a thread would cost
            more than it saves, and there is none.
    """
    if not waits:
        yield from map(fetch, keys)
        return
    thread = ThreadPoolExecutor(1, thread_name_prefix="fetch")
    try:
        waiting = None
        for key in keys:
            following = thread.submit(fetch, key)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()
    finally:
        thread.shutdown(wait=True, cancel_futures=True)
