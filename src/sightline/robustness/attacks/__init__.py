"""Images changed within a budget so that a classifier errs, and whether what they show can be trusted."""
