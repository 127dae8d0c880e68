"""A label and a mask from one network."""
