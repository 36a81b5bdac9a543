"""Pure translation from and to the formats of others: no rules, no tables."""
