"""The release guard: an error alarm soon after a release brings the release before it back."""
