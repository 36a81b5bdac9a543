"""What `make` calls besides the program itself."""
