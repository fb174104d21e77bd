"""Runs that survive: their folders, checkpoints and logs."""
