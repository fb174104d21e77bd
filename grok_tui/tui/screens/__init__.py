"""The screens of the explorer: presets, the live run, and what opens over them."""
