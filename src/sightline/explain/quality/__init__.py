"""How good maps are: what removing and inserting pixels does, random weights, agreement, completeness."""
