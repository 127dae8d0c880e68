"""Runs compared by what mode `robustness` found of each image."""
