"""Making probabilities honest: logits in, logits out."""
