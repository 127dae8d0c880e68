"""A trained model, ready to answer: the one way from a run to logits."""
