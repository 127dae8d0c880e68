"""Sections of runs that give a class for every pixel."""
