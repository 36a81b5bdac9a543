"""What is asked for and decided after a session."""
