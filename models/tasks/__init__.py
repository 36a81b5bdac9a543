"""Tasks: what waits for somebody, and which of it a reviewer has taken (NO-5)."""
