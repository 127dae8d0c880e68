"""Augmentation policies: which operations each image draws, how strong they are, and how they are applied."""
