"""What is promised about speed, measured: the real application beside a floor of hand-written code, in ratios."""
