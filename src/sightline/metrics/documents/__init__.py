"""What the JSON files of a run hold, key by key: what writes them and what reads them share these types."""
