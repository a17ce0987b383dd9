"""Keeps the schedules and box scores of stats.nba.com as they came, within its rate."""
