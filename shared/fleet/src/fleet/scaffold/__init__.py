"""A new function: its folder, its tests and its place in the house."""
