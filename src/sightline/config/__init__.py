"""Configuration: its schema, its one strict parse, and the words of a command."""
