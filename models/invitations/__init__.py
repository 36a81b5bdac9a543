"""How people come to have an account."""
