"""A function of the fleet."""
