"""Training steps: traced, scheduled, compiled or captured, and taken in chunks."""
