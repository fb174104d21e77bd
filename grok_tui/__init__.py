"""A laboratory in the terminal for grokking and optimizer dynamics."""
