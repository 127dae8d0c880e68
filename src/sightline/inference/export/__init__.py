"""A trained model in one file: all that the predictor does to pixels lies in its graph, and a gate compares both."""
