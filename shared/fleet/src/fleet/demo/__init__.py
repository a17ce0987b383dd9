"""Parts of `fleet demo` that other verbs do not need."""
