"""How far new images are from those that a model was measured on: statistics of images in, numbers out."""
