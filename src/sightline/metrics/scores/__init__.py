"""Scores as functions of sums over items, one for each metric; numpy alone, so that help stays quick."""
