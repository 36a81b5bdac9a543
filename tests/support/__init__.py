"""What the tests share: their own PostgreSQL and databases in it."""
