"""What is explained of a mask stays the class where it was called, whatever a covered or darkened copy is called."""

import torch
from torch import Tensor, nn

from sightline.explain.held import held
from sightline.explain.integrated_gradients import attributions
from sightline.explain.targets import class_logit
from sightline.models.outputs import Outputs, by_head, only_tensor
from sightline.tasks.segmentation.explanation import class_of_mask

TARGETS = torch.tensor([1, 2, 0])


def logits(seed: int) -> Tensor:
    return torch.randn(3, 3, 6, 5, generator=torch.Generator().manual_seed(seed))


def test_a_mask_is_held_to_the_pixels_of_the_first_answer():
    first, other = logits(0), logits(1)
    score, images = held(class_of_mask, first, TARGETS)
    torch.testing.assert_close(score(first, images), class_of_mask(first, TARGETS))
    for number, target in enumerate(TARGETS.tolist()):
        called = first[number].argmax(dim=0) == target
        alone = score(other[number : number + 1], images[number : number + 1])
        torch.testing.assert_close(alone[0], other[number, target][called].mean())


def test_one_of_several_heads_is_held():
    first, other = logits(0), logits(1)
    label = torch.randn(3, 4)

    def of_mask(outputs: Outputs, targets: Tensor) -> Tensor:
        return class_of_mask(by_head(outputs)["mask"], targets)

    score, images = held(of_mask, {"label": label, "mask": first}, TARGETS)
    alone, same = held(class_of_mask, first, TARGETS)
    torch.testing.assert_close(score({"label": -label, "mask": other}, images), alone(other, same))


def test_what_cannot_be_held_stays_as_it_is():
    label = torch.randn(3, 4)
    assert held(class_logit, label, TARGETS) == (class_logit, TARGETS)

    def squared(outputs: Outputs, targets: Tensor) -> Tensor:
        return class_of_mask(only_tensor(outputs), targets).square()

    assert held(squared, logits(0), TARGETS)[0] is squared

    def counted(outputs: Outputs, targets: Tensor) -> Tensor:
        return (only_tensor(outputs).argmax(dim=1) == targets[:, None, None]).float().sum(dim=(1, 2))

    assert held(counted, logits(0), TARGETS)[0] is counted


def test_attributions_of_a_mask_are_complete():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Tanh(), nn.Conv2d(8, 3, 3, padding=1)).eval()
    found = attributions(network, 2 * torch.randn(3, 3, 8, 8), TARGETS, score=class_of_mask)
    assert (found.error <= 0.01).all()
    assert found.steps.max() <= 48
