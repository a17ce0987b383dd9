"""Treatments of the device platform, stored in PostgreSQL, each exactly once."""
