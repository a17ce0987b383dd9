"""Sends notifications out of a queue, each once, and carries out what is asked about schedules."""
