"""What is recorded of an arm: measures, events, and the verdicts on them."""
