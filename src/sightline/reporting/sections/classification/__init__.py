"""Sections of runs that answer with one label an image."""
