"""From stored pixels to what a model sees."""
