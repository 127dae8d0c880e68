"""What images there are, before any of them is decoded."""
