"""The time, for devices."""
