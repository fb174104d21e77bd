"""How far weights, activations and outputs are from the start, and whether in a straight line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.func import grad, jvp, vmap

from ..models import Role, over_replicas
from ..shapes import Float
from .probe import Probe

Parameters = Mapping[str, Tensor]


def linf_distance_from_init(probe: Probe) -> Float[Tensor, " R"]:
    """Return max |theta_i - theta_0i|."""
    return (probe.theta - probe.theta_0).abs().amax(-1)


def linearization_error(probe: Probe) -> Float[Tensor, " R"]:
    """Return ||f - f_0 - J_0 (theta - theta_0)|| / ||f - f_0|| over the validation samples.

    f are the outputs, J_0 is their Jacobian at the start. It is 0 of a network that is linear in its weights
    over the range in which they have moved (Lee et al. 2019, 1902.06720), and NaN where none has moved yet.
    """

    def error(now: Parameters, start: Parameters, inputs: Tensor) -> Tensor:
        def outputs(parameters: Parameters) -> Tensor:
            return probe.network.apply(parameters, inputs, start)

        moved = {name: now[name] - start[name] for name in now}
        first, along = jvp(outputs, (dict(start),), (moved,))[:2]
        change = outputs(now) - first
        share: Tensor = (change - along).norm() / change.norm()
        return share

    return _from_the_start(probe, error)


def activation_change(probe: Probe) -> Float[Tensor, " R"]:
    """Return ||h - h_0|| / ||h_0||, h being what the readout reads of the validation samples."""
    readout = next(piece.name for piece in probe.network.layout if piece.role & Role.READOUT)

    def activations(parameters: Parameters, start: Parameters, inputs: Tensor) -> Tensor:
        def first_output(weights: Tensor, sample: Tensor) -> Tensor:
            return probe.network.apply({**parameters, readout: weights}, sample.unsqueeze(0), start)[0, 0]

        # An output is linear in its row of the readout, so its gradient there is what the row reads.
        gradients: Tensor = vmap(grad(first_output), (None, 0))(parameters[readout], inputs)
        return gradients[:, 0]

    def change(now: Parameters, start: Parameters, inputs: Tensor) -> Tensor:
        before = activations(start, start, inputs)
        share: Tensor = (activations(now, start, inputs) - before).norm() / before.norm()
        return share

    return _from_the_start(probe, change)


def _from_the_start(
    probe: Probe, function: Callable[[Parameters, Parameters, Tensor], Tensor]
) -> Float[Tensor, " R"]:
    """Apply a function of the parameters, those at the start and the validation inputs to every replica."""
    start = probe.network.parameters(probe.theta_0)
    axes = (0, 0, None if probe.shared else 0)
    value: Tensor = over_replicas(function, axes, probe.weights.parameters, start, probe.validation.inputs)
    return value
