"""A school in numbers (CL-9)."""
