"""One session between a student and a provider, from request to outcome (AP)."""
