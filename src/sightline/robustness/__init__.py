"""What a model is worth where images are not as they should be: corruptions, and attacks."""
