"""Stand-ins for what the functions talk to: for the local stack and the tests, never deployed."""
