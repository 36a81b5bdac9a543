"""Clinicians and their licenses (PR)."""
