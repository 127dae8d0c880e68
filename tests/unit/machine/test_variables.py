"""Variables of a wrong form are refused by name, and leave nothing behind."""

from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.machine.variables import check_thread_count, whole_number
from tests.conftest import Command


@pytest.mark.parametrize("text", ["x", "", "-1", "1.5", " 2", "٣", "9" * 5000])
def test_what_is_no_whole_number_is_refused(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOCAL_RANK", text)
    with pytest.raises(UsageError, match="LOCAL_RANK"):
        whole_number("LOCAL_RANK", 0)


def test_a_number_is_read_and_one_that_is_too_small_refused(monkeypatch: pytest.MonkeyPatch):
    assert whole_number("LOCAL_WORLD_SIZE", 1, least=1) == 1
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "0")
    with pytest.raises(UsageError, match="from 1"):
        whole_number("LOCAL_WORLD_SIZE", 1, least=1)


@pytest.mark.parametrize("text", ["4", "4,2", " 8 "])
def test_thread_counts(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    check_thread_count()


@pytest.mark.parametrize(
    "variables",
    [
        {"WORLD_SIZE": "x"},
        {"WORLD_SIZE": "0"},
        {"WORLD_SIZE": "2", "RANK": "2"},
        {"WORLD_SIZE": "1", "RANK": "x"},
        {"WORLD_SIZE": "1", "LOCAL_RANK": "-1"},
        {"TORCHELASTIC_RUN_ID": "a", "TORCHELASTIC_RESTART_COUNT": "often"},
        {"OMP_NUM_THREADS": "0"},
        {"OMP_NUM_THREADS": "all"},
    ],
)
def test_a_command_names_the_variable(
    sightline: Command, tmp_path: Path, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    answer = sightline("demo", "limit=100", f"runs_dir={tmp_path}", "mode.stages=[validate]")
    assert answer.status == 2
    assert list(variables)[-1] in answer.err
    assert answer.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
