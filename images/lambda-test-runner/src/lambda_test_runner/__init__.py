"""Invokes the other functions and reports which of them work."""
