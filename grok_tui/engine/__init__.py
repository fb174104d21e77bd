"""Runs the science: arms, chunks of steps, interventions, history, verdicts."""
