"""Weekly hours and the openings that they make (AV)."""
