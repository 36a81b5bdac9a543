"""How requests about tasks are answered."""
