import torch
import torch.nn.functional as F
from sklearn.metrics import accuracy_score, f1_score

from sightline.data.targets import MISSING
from sightline.tasks.classification.losses import CrossEntropy
from sightline.tasks.classification.objective import ClassificationObjective, ClassificationTally
from sightline.tasks.objective import Loss


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
        tally.add(outputs, targets, objective.train_losses(outputs, targets))
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
    tally.add(torch.tensor([[5.0, 0.0]]), {"label": torch.tensor([[0.7, 0.3]])}, {"label": Loss(torch.tensor(0.1), 1)})
    assert abs(tally.metrics()["accuracy"] - 0.7) < 1e-6


def test_a_tally_can_be_stored_and_taken_back():
    other = ClassificationObjective(5, CrossEntropy(0.0)).tally()
    other.load_state_dict(counted(soft=False).state_dict())
    assert other.metrics() == counted(soft=False).metrics()


def test_validation_is_judged_without_smoothing():
    outputs, labels = batches()[0]
    smooth, plain = (ClassificationObjective(5, CrossEntropy(value)) for value in (0.2, 0.0))
    targets = {"label": labels}
    assert smooth.plain_losses(outputs, targets) == plain.plain_losses(outputs, targets)
    assert smooth.train_losses(outputs, targets) != plain.train_losses(outputs, targets)


def test_items_without_a_label_change_nothing():
    """Neither loss nor gradient nor tally, to the bit, whatever the model says of them."""
    outputs, labels = batches()[1]
    partial = labels.clone()
    partial[::3] = MISSING
    known = partial != MISSING
    objective = ClassificationObjective(5, CrossEntropy(0.1), is_partial=True)
    seen, alone = outputs.clone().requires_grad_(), outputs[known].clone().requires_grad_()
    losses, expected = (
        objective.train_losses(one, {"label": label}) for one, label in ((seen, partial), (alone, labels[known]))
    )
    assert losses == expected
    assert losses["label"].items == int(known.sum()) == objective.labelled({"label": partial})["label"]
    losses["label"].mean.backward()  # type: ignore[no-untyped-call]
    expected["label"].mean.backward()  # type: ignore[no-untyped-call]
    assert seen.grad is not None
    assert alone.grad is not None
    assert torch.equal(seen.grad[known], alone.grad)
    assert not seen.grad[~known].any()
    one, other = objective.tally(), objective.tally()
    one.add(seen, {"label": partial}, losses)
    other.add(alone, {"label": labels[known]}, expected)
    assert one.metrics() == other.metrics()


def test_nothing_labelled_is_no_loss():
    outputs = torch.randn(3, 5, requires_grad=True)
    objective = ClassificationObjective(5, CrossEntropy(), is_partial=True)
    loss = objective.train_losses(outputs, {"label": torch.full((3,), MISSING)})["label"]
    loss.mean.backward()  # type: ignore[no-untyped-call]
    assert (loss.mean.item(), loss.items) == (0.0, 0)
    assert torch.equal(outputs.grad, torch.zeros(3, 5))  # type: ignore[arg-type]
