"""The clock of demo and test servers."""
