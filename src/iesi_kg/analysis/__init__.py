"""Graph to insight: the tables behind the pages."""
