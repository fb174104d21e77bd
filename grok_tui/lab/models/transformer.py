"""A decoder on sequences as "a b =", which computes what its output at "=" needs and no more.

The operands are all that tells one sample from another. So a place before the second operand has one stream
for each symbol, not one for each sample, and a place that comes before both has a single one; a `Stream` is
spread over the samples where streams of different kinds meet. In the last layer "=" alone goes on.

On a GPU a small operation costs its launch and hardly more. So there the rows of all places go through a
layer at once, and attention takes all keys of a place together: the same network, rounded otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from ...catalog import models as catalog
from ...catalog.tasks import Shape
from ..shapes import Float
from .layers import ACTIVATIONS, Declared, Network
from .layout import Role


class Stream(NamedTuple):
    """Vectors at one place of the sequence.

    Attributes:
        rows: one for all samples [1, d], one a symbol [n, d], or one a sample [N, d].
        symbol: one-hot [N, n], the row of each sample; None where rows are not by symbol.
    """

    rows: Tensor
    symbol: Tensor | None = None

    def each(self, function: Callable[[Tensor], Tensor]) -> Stream:
        """Apply a function to every row."""
        return Stream(function(self.rows), self.symbol)

    def by_sample(self) -> Tensor:
        """Return one row a sample, or one for all."""
        return self.rows if self.symbol is None else self.symbol @ self.rows


def aligned(*streams: Stream) -> tuple[list[Tensor], Tensor | None]:
    """Return the rows of streams, made to go together, and the symbol that they all are by.

    They stay as they are where those that differ between samples do so by one and the same symbol.
    """
    symbols = {id(stream.symbol): stream.symbol for stream in streams if stream.symbol is not None}
    sampled = any(stream.symbol is None and len(stream.rows) > 1 for stream in streams)
    if len(symbols) == 1 and not sampled:
        return [stream.rows for stream in streams], next(iter(symbols.values()))
    return [stream.by_sample() for stream in streams], None


def launches_count(rows: Tensor) -> bool:
    """Tell whether the number of operations on such rows matters more than what each of them computes."""
    return rows.is_cuda


def each_of(streams: Sequence[Stream], function: Callable[[Tensor], Tensor]) -> list[Stream]:
    """Apply a function of rows to every row of several streams."""
    if len(streams) == 1 or not launches_count(streams[0].rows):
        return [stream.each(function) for stream in streams]
    rows = function(torch.cat([stream.rows for stream in streams]))
    parts = torch.split(rows, [len(stream.rows) for stream in streams])
    return [Stream(part, stream.symbol) for part, stream in zip(parts, streams, strict=True)]


def added(one: Stream, other: Stream) -> Stream:
    """Return the sum of two streams."""
    (a, b), symbol = aligned(one, other)
    return Stream(a + b, symbol)


class Attention(nn.Module):
    """Causal attention with `heads` heads; its matrices have no biases."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.query, self.key, self.value, self.output = (
            nn.Linear(width, width, bias=False) for _ in range(4)
        )
        self.heads = (heads, width // heads)

    def forward(self, streams: Sequence[Stream], wanted: range) -> list[Stream]:
        """Return what attention adds to the streams at the wanted places."""
        if launches_count(streams[0].rows):
            return self._together(streams, wanted)
        keys = [stream.each(self.key) for stream in streams]
        values = [stream.each(self.value) for stream in streams]
        scale = self.heads[1] ** -0.5
        results = []
        for place in wanted:
            query = streams[place].each(self.query).each(lambda rows: rows * scale)
            scores = [self._score(query, key) for key in keys[: place + 1]]
            rows, symbol = aligned(*scores, *values[: place + 1])
            count = max(len(row) for row in rows)
            weights = torch.stack([row.expand(count, -1) for row in rows[: place + 1]]).softmax(0)
            each = zip(weights.unbind(0), rows[place + 1 :], strict=True)
            mixed = reduce(add, (weight.unsqueeze(-1) * self._split(value) for weight, value in each))
            results.append(Stream(self.output(mixed.flatten(-2)), symbol))
        return results

    def _together(self, streams: Sequence[Stream], wanted: range) -> list[Stream]:
        """Attend in few operations: one product for all rows, and one for all keys of a place."""
        scale, width = self.heads[1] ** -0.5, self.query.in_features
        queries = each_of([streams[place] for place in wanted], lambda rows: self.query(rows) * scale)
        both = torch.cat([self.key.weight, self.value.weight])
        pairs = each_of(streams, lambda rows: rows @ both.t())
        mixed = []
        for place, query in zip(wanted, queries, strict=True):
            (own, *rows), symbol = aligned(query, *pairs[: place + 1])
            count = max(len(row) for row in (own, *rows))
            stacked = torch.stack([row.expand(count, -1) for row in rows])  # [T, N, 2 d]
            key, value = (
                part.view(*part.shape[:-1], *self.heads) for part in torch.split(stacked, width, -1)
            )
            weights = (self._split(own) * key).sum(-1).softmax(0)
            mixed.append(Stream((weights.unsqueeze(-1) * value).sum(0).flatten(-2), symbol))
        return each_of(mixed, self.output)

    def _split(self, rows: Tensor) -> Tensor:
        return rows.view(-1, *self.heads)

    def _score(self, query: Stream, key: Stream) -> Stream:
        """Return each head's product of query and key."""
        (q, k), symbol = aligned(query, key)
        return Stream(self._split(q * k).sum(-1), symbol)


class Block(nn.Module):
    """Attention and an MLP, each added to the stream; dropout masks what the MLP adds."""

    def __init__(self, spec: catalog.Transformer) -> None:
        super().__init__()
        self.attention = Attention(spec.width, spec.heads)
        self.inner = nn.Linear(spec.width, spec.units, bias=spec.bias)
        self.outer = nn.Linear(spec.units, spec.width, bias=spec.bias)
        self.activation = ACTIVATIONS[spec.activation]
        self.norms = nn.ModuleList(nn.LayerNorm(spec.width) for _ in range(2 if spec.norm != "none" else 0))
        self.before = list(self.norms) if spec.norm == "pre" else [nn.Identity()] * 2
        self.after = list(self.norms) if spec.norm == "post" else [nn.Identity()] * 2

    def parts(self) -> Declared:
        """Return what the layer is made of."""
        own = self.attention
        attention = [(part, Role.ATTENTION) for part in (own.query, own.key, own.value, own.output)]
        mlp = [(part, Role.HIDDEN) for part in (self.inner, self.outer)]
        return [*attention, *mlp, *((norm, Role.NORM) for norm in self.norms)]

    def forward(
        self, streams: Sequence[Stream], wanted: range, keep: Sequence[Tensor] | None
    ) -> list[Stream]:
        """Return the streams at the wanted places; `keep` has a mask [N, d] for each of these."""
        attended = self.attention(each_of(streams, self.before[0]), wanted)
        own = [added(streams[place], more) for place, more in zip(wanted, attended, strict=True)]
        own = each_of(own, self.after[0])
        more = each_of(own, lambda rows: self._mlp(self.before[1](rows)))
        if keep is not None:
            more = [Stream(one.by_sample() * mask) for one, mask in zip(more, keep, strict=True)]
        return each_of([added(*pair) for pair in zip(own, more, strict=True)], self.after[1])

    def _mlp(self, rows: Tensor) -> Tensor:
        result: Tensor = self.outer(self.activation(self.inner(rows)))
        return result


class Transformer(Network):
    """One-hot operands [N, 2 n] -> outputs [N, O], read at the last token.

    With the defaults of the catalog the network of Nanda et al. 2023 (2301.05217, transformers.py); with
    sinusoidal positions, norm "post", init "uniform" and no biases that of Power et al. 2022 (2201.02177,
    openai/grok), whose residual dropout is after the MLPs alone.
    """

    positions: Tensor

    def __init__(self, spec: catalog.Transformer, shape: Shape) -> None:
        super().__init__()
        self.tokens = spec.tokens
        self.embedding = nn.Embedding(spec.vocabulary(shape), spec.width)
        if spec.positions == "learned":
            self.positions = nn.Parameter(torch.randn(len(self.tokens), spec.width))
        else:
            self.register_buffer("positions", sinusoids(len(self.tokens), spec.width))
        self.blocks = nn.ModuleList(Block(spec) for _ in range(spec.layers))
        self.norm = nn.LayerNorm(spec.width) if spec.norm == "pre" else nn.Identity()
        self.readout = nn.Linear(spec.width, shape.outputs, bias=False)
        if spec.init == "normal":
            self._initialize()
        self.dropout_units = sum(len(self._wanted(i)) for i in range(spec.layers)) * spec.width

    def layers(self) -> Sequence[Declared]:
        """Return the embedding with learnt positions, the blocks, and the readout with its norm."""
        learned = [(self.positions, Role.POSITION)] if isinstance(self.positions, nn.Parameter) else []
        return [
            [(self.embedding, Role.EMBEDDING), *learned],
            *(cast(Block, block).parts() for block in self.blocks),
            [(self.norm, Role.NORM), (self.readout, Role.READOUT)],
        ]

    def forward(
        self, inputs: Float[Tensor, "N I"], keep: Float[Tensor, "N _"] | None = None
    ) -> Float[Tensor, "N O"]:
        """Return the outputs; the units of `keep` go by layer, then by place, where the MLP is computed."""
        streams = self._embedded(inputs)
        masks = None if keep is None else list(torch.split(keep, self.readout.in_features, -1))
        for i, block in enumerate(self.blocks):
            wanted = self._wanted(i)
            first, masks = (None, None) if masks is None else (masks[: len(wanted)], masks[len(wanted) :])
            streams = block(streams, wanted, first)
        outputs: Tensor = self.readout(streams[-1].each(self.norm).by_sample())
        return outputs

    def _embedded(self, inputs: Tensor) -> list[Stream]:
        a, b = inputs.chunk(2, -1)
        one_hot = {"a": a, "b": b}
        symbols, *others = torch.split(self.embedding.weight, [a.shape[-1], *[1] * (len(self.tokens) - 2)])
        places = torch.split(self.positions.to(symbols), 1)
        rest = iter(others)
        return [
            Stream(symbols + place, one_hot[token]) if token in one_hot else Stream(next(rest) + place)
            for token, place in zip(self.tokens, places, strict=True)
        ]

    def _wanted(self, layer: int) -> range:
        """Return the places at which a layer has to be computed."""
        last = len(self.tokens) - 1
        return range(last if layer == len(self.blocks) - 1 else 0, last + 1)

    def _initialize(self) -> None:
        tokens, width = self.embedding.weight.shape
        for parameter, piece in zip(self.parameters(), self.layout(), strict=True):
            if piece.role is Role.BIAS:
                nn.init.zeros_(parameter)
            elif piece.role is not Role.NORM:
                nn.init.normal_(parameter, std=(tokens if piece.role is Role.READOUT else width) ** -0.5)


def sinusoids(places: int, width: int) -> Float[Tensor, "{places} {width}"]:
    """Return the position vectors [places, width] of Vaswani et al. 2017, sine and cosine alternating."""
    place = torch.arange(places, dtype=torch.float64).unsqueeze(-1)
    unit = torch.arange(width)
    angle = place / 10000 ** ((unit - unit % 2) / width)
    return torch.where(unit % 2 == 0, angle.sin(), angle.cos()).float()
