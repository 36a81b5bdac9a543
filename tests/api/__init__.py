"""The program as its clients meet it."""
