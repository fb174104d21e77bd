"""The tables of the binary operations obey the laws of what they are tables of, and their split is exact."""

from __future__ import annotations

from itertools import permutations
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from grok_tui.catalog.tasks import BinaryOperation, Operation, is_prime
from grok_tui.lab.streams import Purpose, stream
from grok_tui.lab.tasks import build_task
from grok_tui.lab.tasks.operations import MODULAR, operation_table, permutation_list

PRIMES = st.sampled_from([2, 3, 5, 7, 11, 31, 97])
MODULI = st.integers(2, 60)
DIVIDING = [name for name in get_args(Operation) if "divide" in name]

some = settings(max_examples=25, deadline=None, derandomize=True)


def spec(operation="add", **keys) -> BinaryOperation:
    return BinaryOperation(name="binary_operation", operation=operation, **keys)


def table(operation, p=31):
    return operation_table(spec(operation, p=p))


def one_after_the_other(x, y):
    """Return the permutation that does x, then y."""
    return tuple(y[x[i]] for i in range(len(x)))


@given(p=MODULI)
@some
def test_addition_is_an_abelian_group_and_subtraction_undoes_it(p):
    add, subtract = table("add", p), table("subtract", p)
    symbols = np.arange(p)
    assert (add[0] == symbols).all()
    assert (add == add.T).all()
    assert (
        add[add[:, :, None], symbols] == add[symbols[:, None, None], add]
    ).all()  # (x + y) + z = x + (y + z)
    assert (subtract[add, symbols] == symbols[:, None]).all()  # (x + y) - y = x
    assert (add[symbols, subtract[0]] == 0).all()  # x + (0 - x) = 0


@given(p=MODULI)
@some
def test_multiplication_is_repeated_addition(p):
    add, multiply = table("add", p), table("multiply", p)
    total = np.zeros(p, dtype=np.int64)
    for y in range(p):
        assert (multiply[:, y] == total).all()
        total = add[total, np.arange(p)]


@given(p=PRIMES)
@some
def test_division_undoes_multiplication_and_leaves_out_zero(p):
    multiply, divide = table("multiply", p), table("divide", p)
    assert (divide[:, 0] == -1).all()
    symbols = np.arange(p)
    assert (multiply[divide[:, 1:], symbols[1:]] == symbols[:, None]).all()  # (x / y) y = x
    assert (divide[multiply[:, 1:], symbols[1:]] == symbols[:, None]).all()  # (x y) / y = x


@pytest.mark.parametrize(
    ("operation", "formula"),
    [
        ("x2+y", lambda x, y: x * x + y),
        ("x3+y", lambda x, y: x * x * x + y),
        ("x2+y2", lambda x, y: x * x + y * y),
        ("x2+xy+y2", lambda x, y: x * x + x * y + y * y),
        ("x2+xy+y2+x", lambda x, y: x * x + x * y + y * y + x),
        ("x3+xy", lambda x, y: x * x * x + x * y),
        ("x3+xy2+y", lambda x, y: x * x * x + x * y * y + y),
        ("even_x_add_else_multiply", lambda x, y: x * y if x % 2 else x + y),
        ("even_x_add_else_subtract", lambda x, y: x - y if x % 2 else x + y),
        ("odd_y_divide_else_subtract", lambda x, y: x * pow(y, 95, 97) if y % 2 else x - y),  # Fermat
    ],
)
def test_the_other_tables_modulo_97_are_their_formulas(operation, formula):
    found = table(operation, 97)
    assert found.tolist() == [[formula(x, y) % 97 for y in range(97)] for x in range(97)]


def test_every_operation_modulo_p_has_a_table():
    assert set(MODULAR) == {name for name in get_args(Operation) if name[0] != "s" or name == "subtract"}


@pytest.mark.parametrize("things", [4, 5])
@given(data=st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_permutations_compose_and_have_inverses(things, data):
    composed = table(f"s{things}_compose")
    elements = list(permutations(range(things)))
    x, y, z = (data.draw(st.integers(0, len(elements) - 1)) for _ in range(3))
    assert elements[composed[x, y]] == one_after_the_other(elements[x], elements[y])
    assert composed[composed[x, y], z] == composed[x, composed[y, z]]
    assert composed[x, 0] == composed[0, x] == x  # the identity comes first in lexicographic order
    inverse = int(np.flatnonzero(composed[x] == 0)[0])
    assert composed[inverse, x] == 0
    assert table(f"s{things}_conjugate")[x, y] == composed[composed[x, y], inverse]
    assert table(f"s{things}_aba")[x, y] == composed[composed[x, y], x]


@pytest.mark.parametrize("things", [4, 5])
def test_conjugation_keeps_the_lengths_of_the_cycles(things):
    fixed = (permutation_list(things) == np.arange(things)).sum(1)
    assert (fixed[table(f"s{things}_conjugate")] == fixed[None, :]).all()


@pytest.mark.parametrize("operation", get_args(Operation))
@pytest.mark.parametrize("fraction", [0.004, 0.4, 0.996])
def test_every_pair_of_the_table_is_on_one_side_with_its_answer(operation, fraction):
    declared = spec(operation, p=7, train_fraction=fraction)
    task = build_task(declared, 3, torch.float32)
    n = declared.symbols
    sides = (len(task.train), task.inputs, task.outputs, n, len(task.validation))
    assert sides == declared.shape
    inputs = torch.cat([task.train.inputs, task.validation.inputs])
    targets = torch.cat([task.train.targets, task.validation.targets])
    assert torch.equal(inputs.sum(1), torch.full((len(inputs),), 2.0))
    x, y = inputs[:, :n].argmax(1).numpy(), inputs[:, n:].argmax(1).numpy()
    expected = operation_table(declared)
    assert (targets.numpy() == expected[x, y]).all()
    assert sorted(x * n + y) == np.flatnonzero(expected.reshape(-1) >= 0).tolist()


def test_the_split_is_a_permutation_of_all_pairs_that_the_seed_draws():
    pairs = stream(3, Purpose.DATA).permutation(31 * 31)
    inputs = build_task(spec(p=31), 3, torch.float32).train.inputs
    assert (inputs[:, :31].argmax(1) * 31 + inputs[:, 31:].argmax(1)).tolist() == pairs[
        : len(inputs)
    ].tolist()
    assert not torch.equal(inputs, build_task(spec(p=31), 4, torch.float32).train.inputs)


@given(p=st.sampled_from([2, 5, 11]), seed=st.integers(0, 9), data=st.data())
@some
def test_outliers_are_that_many_wrong_labels_among_the_training_samples(p, seed, data):
    outliers = data.draw(st.integers(0, spec(p=p).shape.samples))
    clean, noisy = (build_task(spec(p=p, outliers=k), seed, torch.float32) for k in (0, outliers))
    assert torch.equal(clean.train.inputs, noisy.train.inputs)
    assert torch.equal(clean.validation.targets, noisy.validation.targets)
    assert (clean.train.targets != noisy.train.targets).sum() == outliers
    assert ((noisy.train.targets >= 0) & (noisy.train.targets < p)).all()


@pytest.mark.parametrize("operation", DIVIDING)
@pytest.mark.parametrize(("p", "near"), [(91, 89), (15, 13), (1000, 997), (1008, 1009)])
def test_division_names_the_nearest_prime(operation, p, near):
    with pytest.raises(ValidationError, match=f"{p} is not; the nearest is {near}"):
        spec(operation, p=p)
    assert spec("multiply", p=p).p == p


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5])
def test_a_fraction_leaves_something_on_both_sides(fraction):
    with pytest.raises(ValidationError, match="train_fraction"):
        spec(train_fraction=fraction)


def test_more_outliers_than_training_samples_are_refused():
    with pytest.raises(ValidationError, match="13 is more than the 12 training samples"):
        spec(p=5, outliers=13)
    assert spec(p=5, outliers=12).outliers == 12


def test_primes_are_told_from_other_numbers():
    assert [n for n in range(40) if is_prime(n)] == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]
