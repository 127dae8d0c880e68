"""The sections of the pages and of the model card: one file a section, and one table of them (`table.py`)."""
