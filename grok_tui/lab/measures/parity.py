"""Hidden progress on sparse parity: what the first layer learns while the accuracy stands still.

Barak et al. 2022 (arXiv 2207.08799) and, for the active subnetwork, Merrill et al. 2023 (arXiv 2303.11873).
W is the first layer [R, h, n], W_0 what it was at the start, the secret bits S are the first k of n.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear

from ..models import Weights
from ..models.mlp import Mlp
from ..shapes import Float
from .probe import Probe

ENUMERABLE_BITS = 16


def secret_ratio(probe: Probe) -> Float[Tensor, " R"]:
    """Return the mean square of W on S over that off S, relative to what it was at the start."""
    now, start = (_energy_ratio(weights, probe.task.secret) for weights in _first_layers(probe))
    return now / start


def secret_share(probe: Probe) -> Float[Tensor, " R"]:
    """Return ||(W - W_0)_S|| / ||W - W_0||: sqrt(k / n) by chance; NaN where W has not moved."""
    now, start = _first_layers(probe)
    moved = (now - start).square().sum(1)
    return (moved[:, : probe.task.secret].sum(-1) / moved.sum(-1)).sqrt()


def first_layer_change(probe: Probe) -> Float[Tensor, " R"]:
    """Return max |W - W_0|, rho of Barak et al., section 5."""
    now, start = _first_layers(probe)
    return (now - start).abs().amax((-1, -2))


def active_units(probe: Probe) -> Float[Tensor, " R"]:
    """Return how many hidden units suffice for the same predictions on all training samples.

    Units are kept in the order of |w_j| |v_j|, w_j being the weights into unit j and v_j its weight in the
    readout (Merrill et al., section 3: the smallest subnetwork with the same predictions). NaN for more than
    one hidden layer.
    """
    module = probe.network.module
    if not isinstance(module, Mlp) or probe.network.layout.depth > 2:
        return torch.full_like(probe.theta[:, 0], torch.nan)
    counts = []
    for replica, theta in enumerate(probe.theta):
        inputs = probe.train.inputs if probe.shared else probe.train.inputs[replica]
        if probe.mask is not None:
            inputs = inputs[probe.mask[replica]]
        counts.append(_sufficient_units(module, probe.network.weights(theta), inputs))
    return torch.tensor(counts, dtype=probe.theta.dtype, device=probe.theta.device)


def fourier_gap(probe: Probe) -> Float[Tensor, " R"]:
    """Return the Fourier gap of the best hidden unit's sign(w x + b), by enumeration of all inputs.

    The gap is min_i |f^(S - i)| - max_j |f^(S + j)| over i in S and j outside (Barak et al., definition 1),
    what the gradient of the population loss tells S by. NaN for n > 16 or k = n.
    """
    weights, secret = probe.weights.first, probe.task.secret
    n = weights.shape[-1]
    if n > ENUMERABLE_BITS or secret == n:
        return torch.full_like(probe.theta[:, 0], torch.nan)
    bits = _all_inputs(n).to(weights)
    biases = probe.weights.bias(0)
    fields = bits @ weights.transpose(-1, -2) + (0 if biases is None else biases.unsqueeze(-2))
    parity = bits[:, :secret].prod(-1, keepdim=True)
    # x_i is its own inverse: with or without i in the set, the character is that of S times x_i.
    coefficients = (fields.sign().transpose(-1, -2) @ (parity * bits)).abs() / len(bits)
    gaps = coefficients[..., :secret].amin(-1) - coefficients[..., secret:].amax(-1)
    return gaps.amax(-1)


def _first_layers(probe: Probe) -> tuple[Tensor, Tensor]:
    """Return W and W_0, [R, h, n] each."""
    return probe.weights.first, probe.network.weights(probe.theta_0).first


def _energy_ratio(weights: Tensor, secret: int) -> Tensor:
    energies = weights.square().mean(1)
    return energies[:, :secret].mean(-1) / energies[:, secret:].mean(-1)


def _sufficient_units(module: Mlp, weights: Weights, inputs: Tensor) -> int:
    """Return how many units of one replica suffice on inputs [N, n]."""
    hidden, readout = weights.first, weights.readout
    active = module.activation(linear(inputs, hidden * module.hidden.factor, weights.bias(0)))
    # With two scores the prediction is the sign of their difference, a score of its own.
    read = readout[0] if len(readout) == 1 else readout[1] - readout[0]
    added = weights.bias(1)
    bias = read.new_zeros(len(readout)) if added is None else added
    offset = bias[0] if len(bias) == 1 else bias[1] - bias[0]
    order = (torch.linalg.vector_norm(hidden, dim=-1) * read.abs()).argsort(descending=True)
    scores = (active * (read * module.readout.factor))[:, order].cumsum(-1) + offset
    agrees = ((scores > 0) == (scores[:, -1:] > 0)).all(0)
    return int(agrees.to(torch.int64).argmax()) + 1


def _all_inputs(n: int) -> Tensor:
    """Return all 2^n vectors of +-1, [2^n, n]."""
    numbers = torch.arange(2**n).unsqueeze(-1)
    return 1 - 2 * ((numbers >> torch.arange(n)) & 1)
