"""Where devices stand with their software updates."""
