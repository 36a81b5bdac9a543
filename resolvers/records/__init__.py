"""A student's record: who saw it, a copy of it, its end."""
