"""Calls allowed hosts for messages that ask for it, and tells people what was answered."""
