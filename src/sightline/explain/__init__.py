"""Explanations: one algorithm a file, each called with (model, images, targets)."""
