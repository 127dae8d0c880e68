"""The tasks there are. A new one is a folder beside this file and a line in the table."""

from collections.abc import Mapping, Sequence

from sightline.config import parse
from sightline.config.schema import Config
from sightline.data.splits.split import Split
from sightline.errors import UsageError
from sightline.inference.predictor import Predictor
from sightline.inference.systems import ExternalPredictions, System, TrainedRuns
from sightline.machine.device import pick_device
from sightline.run.folder import Run
from sightline.tasks.answers import Model
from sightline.tasks.classification.task import Classification
from sightline.tasks.multitask.task import Multitask
from sightline.tasks.results import Entrant
from sightline.tasks.segmentation.task import Segmentation
from sightline.tasks.task import Task

TASKS: Mapping[str, type[Task]] = {task.name: task for task in (Classification, Segmentation, Multitask)}
"""By `task` of the model's configuration."""


def task_to_train(config: Config, split: Split) -> Task:
    """What the configured model is to be trained for on these data."""
    return TASKS[config.model.task].of_split(split)


def task_of_run(run: Run) -> Task:
    """What a run's model was trained for."""
    return TASKS[parse.read_model(run.path / "config.yaml").task].of_run(run)


def model_of_run(config: Config, run: Run) -> Model:
    """A finished run as a model that answers for images.

    Args:
        config: of the command.
        run: a finished one.
    """
    task = task_of_run(run)
    predictor = Predictor.load(run, pick_device(config.device), task.heads)
    at = run.path.resolve()
    return Model(
        predictor, task.prediction_rows(config, run), config.predict, f"{at.parent.name}/{at.name}", task.class_names
    )


def task_of_systems(systems: Sequence[System]) -> type[Task]:
    """What all systems of a comparison are for; predictions that another tool made are of labels or of masks.

    Raises:
        UsageError: one is for another task than the first.
    """
    names = [
        parse.read_model(system.runs[0].path / "config.yaml").task
        if isinstance(system, TrainedRuns)
        else (Segmentation if isinstance(system, ExternalPredictions) and system.of_masks else Classification).name
        for system in systems
    ]
    for name, system in zip(names, systems, strict=True):
        if name != names[0]:
            raise UsageError(f"{systems[0].name} is for {names[0]}, {system.name} for {name}; compare like with like")
    return TASKS[names[0]]


def entrant_of(system: System, task: type[Task]) -> Entrant:
    """A system with all that a comparison must know of it."""
    members = system.predictions(task.read_predictions)
    return Entrant(system.name, members, system.groups(members[0].ids), system.class_names())
