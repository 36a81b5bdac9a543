"""The ledger of credits, and the grants that fill it (CR)."""
