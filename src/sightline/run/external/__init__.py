"""Predictions that another tool made."""
