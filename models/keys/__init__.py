"""Keys of machines (ID-5)."""
