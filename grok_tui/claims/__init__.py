"""The claim language: what a source says of a run, as a condition over recorded curves and events.

A condition such as `end(sgd.bias) in [0.989, 0.991] and never(adamw.val_loss < 1e-2)` is parsed to a tree of
our own (nothing is ever evaluated as Python), its kinds are checked as it is parsed and its names by
`Condition.check`, and it is evaluated on the curves of one replica, read through the `Curves` protocol.

A *number* has one value, a *curve* one at each of its steps: those recorded for `arm.measure`, those at which
the event was seen for `arm.event.number` and `gain(curve, arm.event, after)`. Arithmetic and comparisons with
a curve are elementwise, over the steps that all curves involved have in common. What never happened, was not
recorded or is not finite is missing, and a comparison with it is neither true nor false but unknown (Kleene's
strong three-valued logic), so a claim cannot hold because of something that was not seen: with less to see a
verdict stays, or becomes undecided.
"""

from grok_tui.claims.binomial import clopper_pearson
from grok_tui.claims.condition import Condition
from grok_tui.claims.course import ComparisonCourse, Track, courses
from grok_tui.claims.evaluate import Curve, Curves
from grok_tui.claims.functions import FUNCTIONS
from grok_tui.claims.judgement import Comparison, Judgement, Verdict, telling, verdict
from grok_tui.claims.parse import parse
from grok_tui.claims.tree import ClaimError

__all__ = [
    "FUNCTIONS",
    "ClaimError",
    "Comparison",
    "ComparisonCourse",
    "Condition",
    "Curve",
    "Curves",
    "Judgement",
    "Track",
    "Verdict",
    "clopper_pearson",
    "courses",
    "parse",
    "telling",
    "verdict",
]
