"""The run folder, the files in it, and predictions that come from elsewhere."""
