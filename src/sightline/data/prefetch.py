"""The next batch is fetched while the last one is worked on."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Key = TypeVar("Key")
Fetched = TypeVar("Fetched")


def read_ahead(fetch: Callable[[Key], Fetched], keys: Iterable[Key]) -> Generator[Fetched, None, None]:
    """Yield `fetch(key)` of each key in order; the one after it is under way in a thread meanwhile.

    What `fetch` raises is raised when its turn comes. Close the iterator to let go of the thread.
    """
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
