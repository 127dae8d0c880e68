import numpy as np
import torch

from sightline.robustness.attacks.device_draws import DeviceDraws
from sightline.robustness.attacks.draws import Draws


def test_they_are_the_numbers_of_every_other_attack():
    counters = np.array([3, 9, 2**40])
    like = torch.empty(3, 3, 6, 5)
    one, other = DeviceDraws(5, counters, 2), Draws(5, counters, 2)
    assert torch.equal(one.uniform(like, "x"), other.uniform(like, "x"))
    assert torch.equal(one.signs(like, "x"), other.signs(like, "x"))
    torch.testing.assert_close(one.normal(like, "x"), other.normal(like, "x"), rtol=1e-6, atol=1e-6)
