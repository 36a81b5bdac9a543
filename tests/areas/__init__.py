"""What is expected of each area, and all of it together."""
