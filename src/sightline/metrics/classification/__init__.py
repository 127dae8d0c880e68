"""Scores of one label an image."""
