"""Fifteen corruptions at five severities, of whole-number pixels: tensors in, tensors out."""
