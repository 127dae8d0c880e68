"""Images of another kind than those a model was trained on."""
