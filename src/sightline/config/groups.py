"""Which part of a configuration training fixes, and what a later command may set anew."""

TRAINED = (
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
"""The part of the configuration that training fixes: a finished run answers for these for ever."""

ANYTIME = (
    "data.store",
    "data.workers",
    "training.checkpoint_minutes",
    "training.profile_steps",
)
"""Keys of trained groups that change no result: how fast it comes, and what is kept on the way."""

STUDY = ("seeds", "variants")
"""Keys that ask for several trainings."""

FREE = ("evaluation", "calibration", "compare", "uncertainty", "sweep", "explain", "predict", "report", "tracking")
"""The groups that a later stage may set anew."""
