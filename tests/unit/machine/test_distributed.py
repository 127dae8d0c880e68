"""The processes of torchrun, told by its variables; what they say to each other is tested with real ones."""

import os

import pytest

from sightline.machine.distributed import (
    World,
    all_reduce_max,
    broadcast_object,
    broadcast_tensors,
    gather_objects,
    process_group,
    world,
)


def test_without_torchrun_there_is_one_process(monkeypatch: pytest.MonkeyPatch):
    for name in ("WORLD_SIZE", "RANK", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    assert world() == World()
    assert world().writes
    with process_group(cuda=False):
        assert broadcast_object("a") == "a"
        assert gather_objects(3) == [3]
        assert all_reduce_max([4, 0]) == [4, 0]
        broadcast_tensors([])


def test_torchruns_variables_are_read(monkeypatch: pytest.MonkeyPatch):
    variables = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "TORCHELASTIC_RESTART_COUNT": "2"}
    for name, value in {**variables, "TORCHELASTIC_RUN_ID": "night"}.items():
        monkeypatch.setenv(name, value)
    assert world() == World(rank=5, size=8, local_rank=1, launch="night", restarts=2)
    assert not world().writes


def test_a_launch_without_a_name_is_told_by_its_parent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    assert world().launch.startswith(f"{os.getppid()}-")
    assert world().launch == world().launch
