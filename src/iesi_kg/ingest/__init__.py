"""File to statements, each statement with the cell it came from."""
