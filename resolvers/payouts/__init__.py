"""Where a provider's money goes."""
