"""Imports: rows from a file, looked at before they are kept."""
