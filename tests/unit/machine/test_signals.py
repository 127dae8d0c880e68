import os
import signal

import pytest

from sightline.machine.signals import Interrupted, ended_by_sigterm, stop_signal


def test_sigterm_ends_a_block_and_means_afterwards_what_it_meant_before():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted) as stop, ended_by_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.value.status == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_within_a_block_that_saves_first_it_waits_for_the_next_step():
    with ended_by_sigterm(), stop_signal() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.number == signal.SIGTERM
