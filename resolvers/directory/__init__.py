"""Clinicians and their licenses."""
