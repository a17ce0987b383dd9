"""The operator's program of Lambda Fleet."""
