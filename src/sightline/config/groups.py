"""Which keys of a configuration training fixes, and which a later command may set anew."""

FIXED_BY_TRAINING = (
    "data",
    "model",
    "transforms",
    "freezing",
    "optimizer",
    "scheduler",
    "training",
    "imbalance",
    "segmentation",
    "multitask",
    "seed",
    "image_size",
    "fit",
    "resize",
    "tile",
    "limit",
)
"""Groups and keys that a finished run answers for."""

RESULT_NEUTRAL = (
    "data.store",
    "data.workers",
    "training.checkpoint_minutes",
    "training.profile_steps",
)
"""Keys of those groups that change no result, only how fast it comes and what is kept on the way."""

BASES = {"optimizer.lr": "optimizer.lr_base", "optimizer.matrix_lr": "optimizer.matrix_lr_base"}
"""Rates that may follow the batch, and where each starts from; beside a number the start has no say."""

FITTED = ("training.batch_size", *BASES, "transforms.horizontal_flip")
"""Keys that `auto` leaves to a rule; before training each is decided, and stays so for the run."""

TAKES_AUTO = (*FITTED, "training.adversarial.step_size")
"""Keys of numbers that take `auto`."""

STUDY_KEYS = ("seeds", "variants")
"""Keys that ask for several trainings."""

CHANGEABLE = (
    "evaluation",
    "calibration",
    "compare",
    "uncertainty",
    "robustness",
    "sweep",
    "explain",
    "predict",
    "drift",
    "export",
    "report",
    "tracking",
)
"""Groups that a later stage may set anew."""

COMMAND_KEYS = ("mode", "run", "predictions", "input", "output", "runs_dir", "device")
"""Keys that say what one command does and where, not what was trained."""

OWN_GROUPS = {"robustness": "robustness"}
"""By mode, the group that is the command's alone: what `robustness=quick` measured on a training's way stays there."""
