"""Wallets, grants and their proof."""
