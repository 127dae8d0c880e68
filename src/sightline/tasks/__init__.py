"""What a model is trained for: outputs and targets to loss, predictions and metrics."""
