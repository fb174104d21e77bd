"""What screens are built of: rows of spans, and pages."""
