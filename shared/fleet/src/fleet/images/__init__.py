"""Building images and keeping them in the registry."""
