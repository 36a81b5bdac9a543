"""Universities and their students."""
