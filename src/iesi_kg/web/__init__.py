"""HTTP translation only."""
