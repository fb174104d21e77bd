"""One variant of the experiment at work: theta, optimizer, batches, noise and interventions."""
