"""The events: what detectors see in a run."""

FIT_ACCURACY = 0.99
GROK_ACCURACY = 0.99

EVENTS = {
    "fit": f"train accuracy reached {FIT_ACCURACY:.0%}",
    "grok": f"validation accuracy reached {GROK_ACCURACY:.0%}",
    "slingshot": "the loss spiked after a long calm and the readout's norm grew; it may come again and again",
    "divergence": "the loss became NaN or infinite",
}

LEVELS: dict[str, tuple[str, float | None]] = {
    "fit": ("train_accuracy", FIT_ACCURACY),
    "grok": ("val_accuracy", GROK_ACCURACY),
    "slingshot": ("step_loss_max", None),
    "divergence": ("train_loss", None),
}
"""The measure in which an event is seen, and the level that it has to come to if there is one."""

EVENT_NUMBERS = {
    "slingshot": {
        "duration": "steps from the onset to the last that is hot, in the 150 that are looked at",
        "peak_loss": "largest batch loss of a step",
        "norm_growth": "share by which the readout's norm rose over its least value in the calm",
        "update_in_lr": "largest |theta_i change| of a step in units of the learning rate",
        "silent_steps": "steps among the 500 before the onset whose loss was exactly 0",
    }
}
"""The numbers that come with an event, each with one line of help."""
