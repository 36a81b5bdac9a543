"""Weekly hours and openings."""
