"""Invokes Lambda functions for callers that speak gRPC or REST."""
