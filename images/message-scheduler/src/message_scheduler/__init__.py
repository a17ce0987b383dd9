"""Makes the messages that schedules ask for, and publishes those that were left behind."""
