"""Networks of our own, and the parts that small images need."""
