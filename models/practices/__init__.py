"""Group practices (EN-5)."""
