"""What the stage `explain` does: maps of new images and of a data set, and how good maps are."""
