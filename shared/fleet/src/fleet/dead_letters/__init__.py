"""Dead letter queues: what is in them, why, and the way back."""
