"""Pages that open over a screen: help, debug, optimizer, palette."""
