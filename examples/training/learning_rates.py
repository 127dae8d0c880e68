"""Learning-rate schedules are pure functions of the step: plot or test them without a model.

    bash run.sh examples/training/learning_rates.py

Each row is a moment of a training of 10 epochs, each column the factor on `optimizer.lr` under one schedule.
"""

from sightline.cli import configure
from sightline.training.schedule import rate_factor

EPOCHS, STEPS = 10, 50
CHOICES = {
    "onecycle": ["scheduler=onecycle"],
    "cosine": ["scheduler=cosine", "scheduler.warmup_epochs=2"],
    "step": ["scheduler=step", "scheduler.milestones=[4,8]"],
    "constant": ["scheduler=constant", "scheduler.warmup_epochs=1"],
}
schedules = {name: configure(*choice).scheduler for name, choice in CHOICES.items()}

print("epoch  " + "".join(f"{name:<18}" for name in schedules))
for step in [*range(0, EPOCHS * STEPS, STEPS // 2), EPOCHS * STEPS - 1]:
    factors = [rate_factor(config, step, STEPS, EPOCHS * STEPS) for config in schedules.values()]
    cells = "".join(f"{factor:.2f} {'#' * round(12 * factor):<13}" for factor in factors)
    print(f"{step / STEPS:>5.1f}  {cells}".rstrip())
