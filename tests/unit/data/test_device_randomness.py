import numpy as np
import pytest
import torch

from sightline.data.device_randomness import uniform_on
from sightline.data.randomness import uniform

CPU = torch.device("cpu")


@pytest.mark.parametrize(("seed", "epoch", "slots"), [(0, 0, 1), (7, 3, 48), (2**62, 2**40, 5), (1, 1, 0)])
def test_numbers_are_those_of_numpy_to_the_bit(seed: int, epoch: int, slots: int):
    counters = np.array([0, 1, 2, 2**31, 2**62, 17], dtype=np.int64)
    found = uniform_on(CPU, seed, epoch, counters, slots, "here")
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), uniform(seed, epoch, counters, slots, "here"))
