"""The data gate: what spoils results, looked for before any training."""
