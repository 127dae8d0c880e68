"""Losses of masks, one a file: from logits and class ids to one number an image."""
