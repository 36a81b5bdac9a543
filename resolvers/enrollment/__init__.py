"""A provider's contract with Flexible Credits."""
