"""Group practices and their office users."""
