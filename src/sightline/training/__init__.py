"""The loop, the step, and what they need: optimiser, schedule, precision, state."""
