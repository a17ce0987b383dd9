"""Messages: what they are, where they are kept, and how they get from one function to the next."""
