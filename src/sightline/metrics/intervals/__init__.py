"""Limits of numbers, and resamples."""
