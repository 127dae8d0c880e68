"""What a run says to people: figures, the report page, the model card."""
