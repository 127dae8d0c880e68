"""One file a stage: read from the run, call the tools, write to the run; folders hold what does not fit into one."""
