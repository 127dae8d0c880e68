"""Several systems, or ways to answer, on the same items."""
