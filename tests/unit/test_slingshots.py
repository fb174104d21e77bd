"""The slingshot detector on curves whose slingshots are known."""

import numpy as np
import pytest

from grok_tui.catalog.events import EVENT_NUMBERS
from grok_tui.engine.record.slingshots import CALM_STEPS, GROWTH, HOT_LOSS, WINDOW_STEPS, SlingshotDetector

CURVES = 1000
STEPS = 4000


class Curve:
    """A made-up training run: a fit, a calm with noise and drift, and slingshots where it is told to."""

    def __init__(self, random):
        self.random = random
        floor = random.choice([0.0, 10 ** random.uniform(-9, -3.5)])
        self.losses = floor * np.exp(random.normal(0, random.uniform(0, 0.3), STEPS))
        self.losses[: random.integers(20, 400)] = random.uniform(0.05, 3)
        drift = random.uniform(-2e-4, 2e-4)
        self.norms = random.uniform(0.5, 30) * np.exp(drift * np.arange(STEPS))
        self.norms *= 1 + random.normal(0, 0.005, STEPS)
        self.updates = np.full(STEPS, random.uniform(0.01, 1.0))

    def spike(self, onset, growth, lasting, peak):
        """Have the loss rise to `peak` at `onset`, and the norm grow."""
        self.losses[onset : onset + lasting] = np.linspace(peak, 2 * HOT_LOSS, lasting)
        rising = np.clip((np.arange(STEPS) - onset) / max(lasting, 5), 0, 1)
        self.norms *= 1 + growth * rising
        self.updates[onset : onset + 3] = 5.0

    def detected(self, cuts=()):
        """Return the events, the steps being given in parts that end at `cuts`."""
        detector, found = SlingshotDetector(1), []
        for part in np.split(np.arange(STEPS), cuts):
            if len(part):
                rows = (values[part, None] for values in (self.losses, self.norms, self.updates))
                found += detector.stepped(int(part[0]) + 1, *rows)
        return found


def spaced_onsets(random):
    """Return 0 to 3 steps that are calm before, far enough from the end to be told."""
    count = random.integers(0, 4)
    return [int(1000 + 900 * i + random.integers(0, 150)) for i in range(count)]


def test_no_slingshot_is_missed_and_none_is_made_up_on_a_thousand_curves():
    random = np.random.default_rng(0)
    for _ in range(CURVES):
        curve = Curve(random)
        onsets = spaced_onsets(random)
        for onset in onsets:
            lasting = int(random.choice([1, random.integers(2, 120)]))
            curve.spike(onset, random.uniform(0.6, 3), lasting, 10 ** random.uniform(-1.5, 1.2))
        assert [event.onset for event in curve.detected()] == [onset + 1 for onset in onsets]


def test_spikes_without_growth_and_growth_without_spikes_are_no_slingshots():
    random = np.random.default_rng(1)
    for _ in range(200):
        quiet, gentle, restless = Curve(random), Curve(random), Curve(random)
        gentle.spike(1500, random.uniform(0, 0.1), 10, 1.0)  # the loss alone
        quiet.norms[1500:] *= 2  # the norm alone
        restless.losses[::300] = 1.0  # never calm
        restless.norms[2000:] *= 2
        assert not [*quiet.detected(), *gentle.detected(), *restless.detected()]


def test_where_chunks_end_makes_no_difference():
    random = np.random.default_rng(2)
    for _ in range(50):
        curve = Curve(random)
        for onset in (1000, 2000, 3000):
            curve.spike(onset, 1.0, int(random.integers(1, 60)), 0.5)
        cuts = np.sort(random.integers(1, STEPS, random.integers(1, 40)))
        assert curve.detected(cuts) == curve.detected()
    assert curve.detected(range(1, STEPS)) == curve.detected()


def test_a_detector_goes_on_from_its_exported_state():
    curve = Curve(np.random.default_rng(3))
    curve.spike(1200, 1.0, 5, 0.5)
    rows = [values[:, None] for values in (curve.losses, curve.norms, curve.updates)]
    for cut in (1100, 1201, 1250):
        first, second = SlingshotDetector(1), SlingshotDetector(1)
        early = first.stepped(1, *(values[:cut] for values in rows))
        second.restore_state(first.export_state())
        assert early + second.stepped(cut + 1, *(values[cut:] for values in rows)) == curve.detected()


@pytest.mark.parametrize("at_threshold", [0.9, 1.1])
def test_the_growth_decides_at_its_threshold(at_threshold):
    losses, norms = np.zeros((STEPS, 1)), np.ones((STEPS, 1))
    losses[2000], norms[2000:] = 1.0, 1 + at_threshold * GROWTH
    found = SlingshotDetector(1).stepped(1, losses, norms, np.zeros((STEPS, 1)))
    assert len(found) == (at_threshold > 1)


def test_the_numbers_of_a_slingshot_are_those_of_its_curve():
    losses, norms, updates = np.zeros((STEPS, 2)), np.ones((STEPS, 2)), np.full((STEPS, 2), 0.3)
    losses[:40, 1] = 1.0
    losses[2990:3000, 1] = 1e-4  # it begins to rise
    losses[3000:3020, 1] = 0.02
    losses[3007, 1] = 0.8
    norms[3000:, 1] = 1.5
    updates[3004, 1] = 6.5
    (event,) = SlingshotDetector(2).stepped(1, losses, norms, updates)
    assert (event.onset, event.replica) == (3001, 1)
    assert event.numbers == {
        "duration": 20,
        "peak_loss": 0.8,
        "norm_growth": 0.5,
        "update_in_lr": 6.5,
        "silent_steps": CALM_STEPS - 10,
    }
    assert event.numbers.keys() == EVENT_NUMBERS["slingshot"].keys()


def test_a_slingshot_is_told_once_its_window_is_over():
    losses, norms = np.zeros((STEPS, 1)), np.ones((STEPS, 1))
    losses[1000], norms[1000:] = 1.0, 2.0
    for last, told in ((1000 + WINDOW_STEPS - 1, 0), (1000 + WINDOW_STEPS, 1)):
        rows = (values[:last] for values in (losses, norms, norms))
        assert len(SlingshotDetector(1).stepped(1, *rows)) == told
    assert CALM_STEPS < 1000


def test_what_was_seen_of_a_replica_before_its_weights_were_drawn_anew_is_part_of_no_slingshot():
    random = np.random.default_rng(5)
    curve = Curve(random)
    curve.spike(1200, 1.0, 40, 2.0)
    curve.spike(2400, 1.0, 40, 2.0)
    both = [np.stack([row, row], 1) for row in (curve.losses, curve.norms, curve.updates)]

    def told(at):
        detector, found = SlingshotDetector(2), []
        for part in np.split(np.arange(STEPS), [at]):
            found += detector.stepped(int(part[0]) + 1, *(row[part] for row in both))
            if part[0] == 0:
                detector.forget(1)
        return [(one.onset, one.replica) for one in found]

    first, second = [(1201, 0), (1201, 1)], [(2401, 0), (2401, 1)]
    assert told(1200 + WINDOW_STEPS) == [*first, *second], "it was over"
    assert told(1200 + WINDOW_STEPS - 1) == [first[0], *second], "its window was cut off"
    assert told(1200) == [first[0], *second], "its calm was another network's"
    assert told(2400 - CALM_STEPS) == [*first, *second]
    assert told(2401 - CALM_STEPS) == [*first, second[0]]


def test_a_loss_that_is_no_number_is_no_slingshot():
    losses, norms = np.zeros((STEPS, 1)), np.ones((STEPS, 1))
    losses[1000:], norms[1000:] = np.nan, np.inf
    assert not SlingshotDetector(1).stepped(1, losses, norms, norms)
