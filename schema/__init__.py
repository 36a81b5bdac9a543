"""What clients see: one file an area, put together in `root`."""
