"""Universities and their students (CR-8, CR-11)."""
