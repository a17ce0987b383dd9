"""The documentation of the HTTP APIs as they are deployed."""
