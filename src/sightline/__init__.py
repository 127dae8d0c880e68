"""Sightline trains, measures and explains image models, and stands behind every number it prints."""

__version__ = "0.1.0"
