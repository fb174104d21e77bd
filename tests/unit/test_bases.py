"""The spectra of symbols: Fourier modes, and representations of the permutations."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grok_tui.catalog.tasks import BinaryOperation
from grok_tui.lab.tasks.bases import Basis, basis_of, fourier, multiplicative_fourier, representations
from grok_tui.lab.tasks.operations import operation_table, permutation_list

SPECS = [
    BinaryOperation(name="binary_operation", operation=operation, p=p)
    for operation, p in [
        *(("add", p) for p in (2, 3, 8, 13)),
        *(("multiply", p) for p in (3, 5, 13)),
        ("s4_compose", 31),
        ("s5_compose", 31),
    ]
]
group = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.operation}-{spec.symbols}")


def matrix(rows: int, columns: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def one_component(basis: Basis, function: torch.Tensor) -> list[str]:
    """Return the labels of the components that a function on the symbols has anything in."""
    powers = basis.powers(function.double().reshape(-1, 1))
    return [label for label, power in zip(basis.labels, powers, strict=True) if power > 1e-12]


@group
def test_a_basis_is_orthonormal_and_complete_but_for_the_constants(spec):
    basis = basis_of(spec)
    m = len(basis.elements)
    torch.testing.assert_close(basis.vectors.T @ basis.vectors, torch.eye(m - 1, dtype=torch.float64))
    torch.testing.assert_close(basis.vectors.sum(0), torch.zeros(m - 1, dtype=torch.float64))
    values = matrix(spec.symbols)
    members = values[basis.elements]
    centred = (members - members.mean(0)).square().sum()
    torch.testing.assert_close(basis.powers(values).sum(), centred)


@group
def test_powers_do_not_change_when_the_group_acts(spec):
    basis = basis_of(spec)
    table = torch.from_numpy(operation_table(spec))
    values = matrix(spec.symbols)
    for element in basis.elements[[1, -1]]:
        torch.testing.assert_close(basis.powers(values[table[element]]), basis.powers(values))
        torch.testing.assert_close(basis.powers(values[table[:, element]]), basis.powers(values))


@given(n=st.integers(2, 40), seed=st.integers(0, 9))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_powers_of_numbers_are_those_of_the_discrete_fourier_transform(n, seed):
    values = matrix(n, 3, seed)
    transform = np.abs(np.fft.rfft(values.numpy(), axis=0)) ** 2
    twice = np.where(2 * np.arange(1, n // 2 + 1) == n, 1, 2)
    expected = torch.from_numpy(twice * transform[1:].sum(1) / n)
    torch.testing.assert_close(fourier(n).powers(values), expected)


def test_frequencies_of_products_are_those_of_the_discrete_logarithm():
    p, root = 7, 3
    log = {pow(root, k, p): k for k in range(p - 1)}
    basis = multiplicative_fourier(p)
    for k in (1, 2, 3):
        wave = torch.tensor([0.0, *(np.cos(2 * np.pi * k * log[x] / (p - 1)) for x in range(1, p))])
        assert one_component(basis, wave) == [f"k={k}"]
    zero_alone = torch.zeros(p, 1, dtype=torch.float64)
    zero_alone[0] = 1
    assert basis.powers(zero_alone).tolist() == [0.0, 0.0, 0.0]


def test_the_quadratic_residues_are_the_highest_frequency():
    residues = {x * x % 31 for x in range(1, 31)}
    legendre = torch.tensor([0, *(1 if x in residues else -1 for x in range(1, 31))])
    assert one_component(multiplicative_fourier(31), legendre) == ["k=15"]


@pytest.mark.parametrize(
    ("things", "degrees"),
    [
        (4, {"(3,1)": 3, "(2,2)": 2, "(2,1,1)": 3, "(1,1,1,1)": 1}),
        (
            5,
            {"(4,1)": 4, "(3,2)": 5, "(3,1,1)": 6, "(2,2,1)": 5, "(2,1,1,1)": 4, "(1,1,1,1,1)": 1},
        ),
    ],
)
def test_representations_have_the_degrees_of_their_partitions(things, degrees):
    basis = representations(things)
    assert dict(zip(basis.labels, basis.dimensions.sqrt().tolist(), strict=True)) == degrees


@pytest.mark.parametrize("things", [4, 5])
def test_functions_of_known_representations_are_in_their_components(things):
    basis, elements = representations(things), permutation_list(things)
    pairs = list(combinations(range(things), 2))
    sign = np.prod([np.sign(elements[:, j] - elements[:, i]) for i, j in pairs], axis=0)
    hook = "(2," + ",".join("1" * (things - 2)) + ")"
    assert one_component(basis, torch.from_numpy(sign)) == ["(" + ",".join("1" * things) + ")"]
    where_one_goes = torch.from_numpy(elements[:, 0] == 1).double()
    assert one_component(basis, where_one_goes) == [f"({things - 1},1)"]
    centred = where_one_goes - where_one_goes.mean()
    assert one_component(basis, centred * torch.from_numpy(sign)) == [hook]  # the conjugate partition
    where_two_go = torch.from_numpy((np.sort(elements[:, :2]) == [0, 1]).all(1))
    assert one_component(basis, where_two_go) == [f"({things - 1},1)", f"({things - 2},2)"]


def test_components_stand_out_from_twice_their_fair_share_on():
    basis = fourier(11)  # five frequencies: a fair share is a fifth
    stands_out = basis.stands_out(torch.tensor([[0.45, 0.35, 0.1, 0.1, 0.0], [1.0] * 5, [0.0] * 5]))
    assert stands_out.tolist() == [[True, False, False, False, False], [False] * 5, [False] * 5]
    permutations = representations(4)  # dimensions 9, 4, 9, 1
    shares = torch.tensor([9.0, 4, 9, 1]) / 23
    assert permutations.stands_out(shares).tolist() == [False] * 4
    more_sign = torch.tensor([9.0, 4, 9, 4]) / 26
    assert permutations.stands_out(more_sign).tolist() == [False, False, False, True]


def test_the_smallest_groups_have_one_frequency_or_none():
    assert fourier(2).labels == multiplicative_fourier(3).labels == ("k=1",)
    assert not BinaryOperation(name="binary_operation", operation="multiply", p=2).spectral
    assert not BinaryOperation(name="binary_operation", operation="multiply", p=9).spectral
