import torch
import torch.nn.functional as F
from sklearn.metrics import accuracy_score, f1_score

from sightline.tasks.classification.losses import CrossEntropy
from sightline.tasks.classification.objective import ClassificationObjective, ClassificationTally


def batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    return [
        (torch.randn(n, 5, generator=generator), torch.randint(0, 4, (n,), generator=generator)) for n in (7, 16, 1)
    ]


def counted(soft: bool) -> ClassificationTally:
    objective = ClassificationObjective(5, CrossEntropy(0.0))
    tally = objective.tally()
    for outputs, labels in batches():
        targets = {"label": F.one_hot(labels, 5).float() if soft else labels}
        tally.add(outputs, targets, objective.train_loss(outputs, targets))
    return tally


def test_metrics_are_those_of_the_pooled_items():
    """Not averages over batches (rule 10); a class that never occurs is scikit-learn's business too."""
    outputs, labels = (torch.cat(parts) for parts in zip(*batches(), strict=True))
    metrics = counted(soft=False).metrics()
    assert abs(metrics["accuracy"] - accuracy_score(labels, outputs.argmax(1))) < 1e-12
    assert abs(metrics["f1_macro"] - f1_score(labels, outputs.argmax(1), average="macro")) < 1e-12
    assert abs(metrics["loss"] - F.cross_entropy(outputs.double(), labels).item()) < 1e-6


def test_soft_labels_of_one_class_count_as_hard_ones():
    for name, value in counted(soft=True).metrics().items():
        assert abs(value - counted(soft=False).metrics()[name]) < 1e-6, name


def test_mixed_items_count_by_their_share():
    tally = ClassificationObjective(2, CrossEntropy(0.0)).tally()
    tally.add(torch.tensor([[5.0, 0.0]]), {"label": torch.tensor([[0.7, 0.3]])}, torch.tensor(0.1))
    assert abs(tally.metrics()["accuracy"] - 0.7) < 1e-6


def test_a_tally_can_be_stored_and_taken_back():
    other = ClassificationObjective(5, CrossEntropy(0.0)).tally()
    other.load_state_dict(counted(soft=False).state_dict())
    assert other.metrics() == counted(soft=False).metrics()


def test_validation_is_judged_without_smoothing():
    outputs, labels = batches()[0]
    smooth, plain = (ClassificationObjective(5, CrossEntropy(value)) for value in (0.2, 0.0))
    targets = {"label": labels}
    assert smooth.plain_loss(outputs, targets) == plain.plain_loss(outputs, targets)
    assert smooth.train_loss(outputs, targets) != plain.train_loss(outputs, targets)
