"""What a release says of itself: in the terminal, as JSON and Markdown, and as a page."""
