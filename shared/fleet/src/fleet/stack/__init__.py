"""The local stack: AWS, PostgreSQL and stand-ins for the outside world, on this machine."""
