"""What a command does: open or make a run, call the stages; several trainings under one command; a sweep."""
