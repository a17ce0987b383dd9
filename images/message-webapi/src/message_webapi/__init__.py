"""The messages' HTTP API, and the page for people."""
