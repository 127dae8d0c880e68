"""What it costs not to say of every pixel what a teacher says (Hinton et al. 2015)."""

import torch.nn.functional as F
from torch import Tensor

from sightline.models.outputs import Outputs, only_tensor


def follow_pixels(outputs: Outputs, teacher: Outputs, temperature: float) -> Tensor:
    """Mean over images and their pixels of the Kullback-Leibler divergence of softened probabilities.

    Times temperature squared, to keep gradients large. Every pixel counts, also where the truth says to ignore it: the
    teacher has an answer there.

    Args:
        outputs: (n, classes, h, w) logits of the student.
        teacher: logits of the teacher, of the same classes; of another size they are resized bilinearly.
        temperature: both are divided by it.
    """
    student, wanted = only_tensor(outputs).float(), only_tensor(teacher).float()
    if wanted.shape[2:] != student.shape[2:]:
        wanted = F.interpolate(wanted, size=student.shape[2:], mode="bilinear", align_corners=False)
    log_p, log_q = (student / temperature).log_softmax(dim=1), (wanted / temperature).log_softmax(dim=1)
    return temperature**2 * F.kl_div(log_p, log_q, reduction="none", log_target=True).sum(dim=1).mean()
