"""What every request goes through, between what clients see and what is true."""
