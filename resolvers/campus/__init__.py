"""Sign-in with a campus's own accounts."""
