"""Scheduled digests: every due monitor gets its digest once a day, within the backend's rate."""
