"""Adds up what silver has: days and seasons of players and teams, as JSON."""
