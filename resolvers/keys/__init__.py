"""Keys of machines."""
