"""A school in numbers."""
