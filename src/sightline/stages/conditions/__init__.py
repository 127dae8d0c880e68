"""A run's model under one condition after another: corruptions, moves, other grounds, noise and attacks."""
