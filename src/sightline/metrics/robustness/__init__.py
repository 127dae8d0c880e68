"""Numbers under corruption, from scores of single images."""
