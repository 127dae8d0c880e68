"""What counts as a lack of memory, and how often work is cut in half."""

import pytest
import torch

from sightline.errors import RunFailedError
from sightline.machine.memory import fit_in_memory, is_out_of_memory


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
            True,
        ),
        (RuntimeError("could not create a primitive"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("can't allocate memory"), False),
    ],
)
def test_what_counts_as_a_lack_of_memory(error: Exception, answer: bool):
    assert is_out_of_memory(error) == answer


def test_the_system_itself_refuses():
    with pytest.raises(RuntimeError) as refusal:
        torch.empty(2**60)
    assert is_out_of_memory(refusal.value)


def test_micro_batches_double_until_they_fit_and_stay():
    calls = []

    def attempt(micro_batches: int) -> str:
        calls.append(micro_batches)
        if micro_batches < 6:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return "done"

    assert fit_in_memory(attempt, 1, 20, 20) == ("done", 8)
    assert calls == [1, 2, 4, 8]
    assert fit_in_memory(attempt, 8, 20, 20) == ("done", 8)


def test_the_most_micro_batches_there_can_be_are_tried_before_giving_up():
    calls = []

    def attempt(micro_batches: int) -> None:
        calls.append(micro_batches)
        raise MemoryError("no room")

    with pytest.raises(RunFailedError, match="no room"):
        fit_in_memory(attempt, 2, 5, 10)
    assert calls == [2, 4, 5]
