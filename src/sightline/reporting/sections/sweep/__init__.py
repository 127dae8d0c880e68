"""Sections of the page of a sweep."""
