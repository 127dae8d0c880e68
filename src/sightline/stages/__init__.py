"""One file a stage: read from the run, call the tools, write to the run."""
