"""Real signals to this very process, also where Python throws away what a handler raises."""

import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable

import pytest

from sightline.machine.signals import ANEW, Interrupted, check_stop, going_on, listening, remedy_or, stop_signal


def ask(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


class Thing:
    """Something that can be referred to weakly."""


def command(body: Callable[[], None]) -> None:
    with listening():
        body()


def stopped(body: Callable[[], None]) -> Interrupted:
    """How a command ends whose work is this."""
    with pytest.raises(Interrupted) as stop:
        command(body)
    return stop.value


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_obeyed_at_the_next_question_and_means_afterwards_what_it_meant_before(number: int):
    before = signal.getsignal(number)
    reached = []

    def work() -> None:
        ask(number)
        reached.append("the handler itself raises nothing")
        check_stop()

    assert stopped(work).status == 128 + number
    assert reached
    assert signal.getsignal(number) is before
    check_stop()


def test_one_in_the_callback_of_a_weak_reference_is_not_lost():
    """What a handler raises there, Python throws away: `evaluate` went on and ended with status 0."""
    things = [Thing()]
    watch = weakref.ref(things[0], lambda _: ask())

    def work() -> None:
        things.clear()
        check_stop()

    assert stopped(work).status == 143
    assert watch() is None


def test_who_waits_is_woken():
    began = time.monotonic()

    def work() -> None:
        ask()
        time.sleep(60)

    assert stopped(work).status == 143
    assert time.monotonic() - began < 10


def test_who_is_woken_where_it_is_thrown_away_is_woken_again(capsys: pytest.CaptureFixture[str]):
    class Finalised:
        def __del__(self) -> None:
            ask()
            time.sleep(60)

    things = [Finalised()]
    began = time.monotonic()

    def work() -> None:
        things.clear()
        time.sleep(60)

    assert stopped(work).status == 143
    assert time.monotonic() - began < 10
    assert "Traceback" not in capsys.readouterr().err


def test_what_does_not_return_to_python_is_ended():
    code = (
        "import hashlib, os, signal\n"
        "from sightline.machine.signals import listening, going_on\n"
        "with listening(), going_on('the same command goes on'):\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    hashlib.pbkdf2_hmac('sha256', b'a', b'b', 400_000_000)\n"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (129, "sightline: stopped; the same command goes on\n")
    assert time.monotonic() - began < 30


def test_who_saves_first_is_not_woken():
    saved = []

    def work() -> None:
        with stop_signal() as stop:
            ask()
            time.sleep(1.5)
            check_stop()
            saved.append(stop.number)
        check_stop()

    assert stopped(work).status == 143
    assert saved == [signal.SIGTERM]


def test_a_second_one_stops_who_saves_first():
    def work() -> None:
        with stop_signal():
            ask()
            time.sleep(0.3)
            ask()
            pytest.fail("it went on")

    assert stopped(work).status == 143


def test_one_request_that_comes_twice_is_one():
    with listening(), stop_signal() as stop:
        ask(signal.SIGINT)
        ask(signal.SIGTERM)
        assert stop.number == signal.SIGINT


def test_without_a_command_around_it_too():
    before = signal.getsignal(signal.SIGINT)
    with stop_signal() as stop:
        ask(signal.SIGINT)
        assert stop.number == signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is before


def test_a_hangup_that_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with listening():
            ask(signal.SIGHUP)
            check_stop()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_outermost_block_says_how_to_go_on():
    def study() -> None:
        assert remedy_or("x") == "x"
        with going_on("the same command with run=study goes on"), going_on("the same with run=member"):
            assert remedy_or("x") == "the same command with run=study goes on"
            ask()
            check_stop()

    def other() -> None:
        ask()
        check_stop()

    assert remedy_or("x") == "x"
    assert str(stopped(study)) == "the same command with run=study goes on"
    assert str(stopped(other)) == ANEW
