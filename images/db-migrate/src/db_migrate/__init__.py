"""The schema of the device platform's database, and what brings it up to date."""
