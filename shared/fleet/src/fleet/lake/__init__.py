"""The basketball lake, as its operator sees it."""
