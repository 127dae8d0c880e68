"""Fetching ahead: the same results in the same order, one of them under way while the caller works."""

import threading
from contextlib import closing

import pytest

from sightline.data.prefetch import prefetch


def test_results_come_in_order():
    assert list(prefetch(lambda key: key * key, range(7))) == [0, 1, 4, 9, 16, 25, 36]
    assert list(prefetch(lambda key: key, [])) == []


def test_the_next_one_is_fetched_while_the_caller_works():
    asked = {key: threading.Event() for key in range(3)}
    with closing(prefetch(lambda key: asked[key].set(), range(3))) as fetched:
        next(fetched)
        assert asked[1].wait(5), "nobody asked for it yet"
        assert not asked[2].is_set(), "one ahead, no more: batches take memory"


def test_an_error_is_raised_when_its_turn_comes():
    def fetch(key: int) -> int:
        if key == 2:
            raise OSError("the disk is gone")
        return key

    with closing(prefetch(fetch, range(5))) as fetched:
        assert [next(fetched), next(fetched)] == [0, 1]
        with pytest.raises(OSError, match="the disk is gone"):
            next(fetched)


def test_closing_lets_go_of_the_thread():
    before = threading.active_count()
    with closing(prefetch(lambda key: key, range(100))) as fetched:
        next(fetched)
    assert threading.active_count() == before


def test_what_does_not_wait_is_fetched_in_its_turn_and_in_this_thread():
    seen = []
    fetched = prefetch(lambda key: seen.append((key, threading.current_thread())) or key, range(3), in_thread=False)
    assert next(fetched) == 0
    assert seen == [(0, threading.current_thread())]
    assert list(fetched) == [1, 2]
