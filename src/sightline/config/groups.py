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
    "seed",
    "image_size",
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

STUDY_KEYS = ("seeds", "variants")
"""Keys that ask for several trainings."""

CHANGEABLE = (
    "evaluation",
    "calibration",
    "compare",
    "uncertainty",
    "sweep",
    "explain",
    "predict",
    "report",
    "tracking",
)
"""Groups that a later stage may set anew."""

COMMAND_KEYS = ("mode", "run", "predictions", "input", "output", "runs_dir", "device")
"""Keys that say what one command does and where, not what was trained."""
