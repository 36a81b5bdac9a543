"""Sessions, from request to outcome."""
