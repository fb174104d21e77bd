"""The annotated shapes are checked while the tests run."""

import pytest
import torch

from grok_tui.lab.losses import cross_entropy
from grok_tui.lab.models import Layout, Role
from grok_tui.lab.optimizers import build_rule
from grok_tui.lab.philox import words

jaxtyping = pytest.importorskip("jaxtyping")
pytest.importorskip("beartype")


def test_a_gradient_of_another_shape_than_theta_is_refused():
    rule = build_rule("sign", Layout.of([("vector", (3,), Role.BIAS, 0)]))
    theta, state = torch.zeros(2, 3), {"exp_avg": torch.zeros(2, 3)}
    c = {name: torch.ones(2, 1) for name in ("intake", "shrink", "step")}
    assert rule.update(theta, torch.ones(2, 3), state, c)[0].tolist() == [[1.0] * 3] * 2
    with pytest.raises(jaxtyping.TypeCheckError):
        rule.update(theta, torch.ones(1, 3), state, c)


@pytest.mark.parametrize(
    "call",
    [
        lambda: cross_entropy(torch.zeros(3, 2, dtype=torch.int64), torch.zeros(3, dtype=torch.int64)),
        lambda: words(torch.zeros(2, 3), torch.arange(4), 5),
        lambda: Layout.of([("vector", (3,), Role.BIAS, 0)]).means(torch.zeros(2, 3, dtype=torch.int64)),
    ],
)
def test_what_is_of_another_dtype_is_refused(call):
    with pytest.raises(jaxtyping.TypeCheckError):
        call()
