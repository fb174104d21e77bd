"""The science: tasks, models, losses, optimizers and measures, as pure functions of tensors."""
