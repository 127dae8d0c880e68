"""Images: where they come from, who is in which split, and how they become batches."""
