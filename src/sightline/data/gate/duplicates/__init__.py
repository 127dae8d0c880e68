"""Near copies among images: descriptors propose pairs, and pixels, once aligned, decide."""
