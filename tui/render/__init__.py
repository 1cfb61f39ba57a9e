"""Pictures made of character cells: pure functions from arrays to cells, without Textual."""
