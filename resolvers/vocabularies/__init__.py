"""Vocabularies: what people choose from, as data."""
