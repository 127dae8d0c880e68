"""Decoded images: kept in memory or on disk, or decoded for every batch."""
