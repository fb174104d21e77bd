"""The events: what detectors see in a run."""

FIT_ACCURACY = 0.99
GROK_ACCURACY = 0.99

EVENTS = {
    "fit": f"train accuracy reached {FIT_ACCURACY:.0%}",
    "grok": f"validation accuracy reached {GROK_ACCURACY:.0%}",
    "divergence": "the loss became NaN or infinite",
}
