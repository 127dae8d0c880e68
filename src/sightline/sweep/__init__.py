"""Searching hyperparameters with Optuna: the space, the study in its storage, and the processes that work on it."""
