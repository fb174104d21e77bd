"""Random numbers by counting: known answers, moments, and independence of how they are drawn."""

from __future__ import annotations

import pytest
import torch

from grok_tui.engine.arm.noise import COUNTED, GENERATED, Counted, Generated
from grok_tui.lab.philox import normal, philox, uniform, words
from grok_tui.lab.streams import Purpose, stream
from grok_tui.lab.tasks import Fresh, Samples

COUNT = 1 << 16

KEY = torch.tensor([[0x243F6A88, 1], [0x85A308D3, 2]])  # [2, R]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("00000000 " * 4, "00000000 " * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff " * 4, "ffffffff " * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            "243f6a88 85a308d3 13198a2e 03707344",
            "a4093822 299f31d0",
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_words_are_those_of_random123(counter, key, expected):  # its file kat_vectors
    counter, key, expected = (
        [torch.tensor(int(word, 16)) for word in text.split()] for text in (counter, key, expected)
    )
    assert list(philox(counter, key)) == expected


def test_a_step_has_the_same_words_whatever_is_drawn_with_it():
    steps = torch.tensor([0, 1, 7, 2**32, 2**40 + 7])
    together = words(KEY, steps, 10)
    assert together.shape == (5, 2, 10)
    assert 0 <= together.min() <= together.max() < 2**32
    for i, step in enumerate(steps):
        for replica in range(2):
            alone = words(KEY[:, replica : replica + 1], step.view(1), 7)
            assert torch.equal(together[i, replica, :7], alone[0, 0])
    assert len(together.unique()) == together.numel()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_moments_are_those_of_the_distributions(dtype):
    steps = torch.tensor([3, 4])
    numbers, bell = uniform(KEY, steps, COUNT, dtype), normal(KEY, steps, COUNT, dtype)
    assert numbers.dtype == bell.dtype == dtype
    assert 0 <= numbers.min() <= numbers.max() < 1
    assert bell.isfinite().all()
    for values, moments in ((numbers, (1 / 2, 1 / 3, 1 / 4)), (bell, (0, 1, 0, 3))):
        rows = values.double().view(4, COUNT)
        for power, expected in enumerate(moments, 1):
            powers = rows**power
            assert ((powers.mean(1) - expected).abs() < 4 * powers.std(1) / COUNT**0.5).all()
        correlations = torch.corrcoef(torch.cat([rows, rows[:1].roll(1, 1)])) - torch.eye(5)
        assert correlations.abs().max() < 4 / COUNT**0.5
    inside = torch.tensor([(bell.abs() < bound).double().mean() for bound in (0.5, 1, 2, 3)])
    assert torch.allclose(inside, torch.erf(torch.tensor([0.5, 1, 2, 3]) / 2**0.5).double(), atol=4e-3)


def drawing(most: int = 0) -> tuple[Counted, dict[str, torch.Tensor]]:
    tensors = {
        "keep": torch.empty(2, 300, 5),
        "weight_noise": torch.empty(2, 7),
        "inputs": torch.empty(2, 4, 3),
        "targets": torch.empty(2, 4),
    }
    fresh = Fresh(4, lambda numbers: Samples(numbers[..., :3].round(), numbers[..., 3].round()))
    counted = Counted(tensors, (5, 6), fresh)
    counted.most = most or counted.most
    return counted, tensors


def test_a_block_of_steps_is_what_they_are_one_by_one():
    counted, tensors = drawing()
    counted.begin(10, 0.25)
    first, rest = counted.block(2), counted.block(3)
    block = {name: torch.cat([rows, rest[name]]) for name, rows in first.items()}
    assert block.keys() == tensors.keys()
    other, own = drawing()
    other.begin(8, 0.25)
    for i in range(5):
        other(2 + i)
        for name, rows in block.items():
            assert torch.equal(rows[i], own[name]), name
    assert not torch.equal(block["keep"][0], block["keep"][1])
    assert not torch.equal(block["keep"][0, 0], block["keep"][0, 1])


def test_the_rate_of_dropout_may_change_and_the_mean_stays():
    counted, _ = drawing()
    for rate in (0.1, 0.5):
        counted.begin(0, rate)
        keep = counted.block(4)["keep"]
        assert sorted(keep.unique().tolist()) == pytest.approx([0, 1 / (1 - rate)])
        assert (keep == 0).double().mean().item() == pytest.approx(rate, abs=0.02)


def test_a_device_draws_no_more_at_once_than_it_has_room_for():
    wide = {"weight_noise": torch.empty(3, 1 << 19)}
    assert Counted(wide, (0, 1, 2)).most == 2
    assert Counted({"weight_noise": torch.empty(3, 1 << 23)}, (0, 1, 2)).most == 1


def test_a_purpose_and_a_seed_have_their_own_numbers():
    weights = {name: torch.empty(1, 6) for name in ("weight_noise", "update_noise")}
    counted = Counted(weights, (3,))
    counted.begin(0, 0)
    block = counted.block(1)
    assert not torch.equal(block["weight_noise"], block["update_noise"])
    key = torch.tensor(stream(3, Purpose.WEIGHT_NOISE).integers(2**32, size=2)).view(2, 1)
    assert torch.equal(
        block["weight_noise"], normal(key, torch.zeros(1, dtype=torch.int64), 6, torch.float32)
    )


NOISES = ("weight_noise", "update_noise", "noise.plugin")

PINNED = {
    "philox4x32-10/1": {
        "keep": [2.0, 0.0, 2.0],
        "weight_noise": [0.35389, 0.705301, 0.741391],
        "update_noise": [-1.115045, 1.340423, 2.75782],
        "noise.plugin": [0.775714, 1.098475, -0.999302],
    },
    "torch cpu/1": {  # dropout comes from MKL, where torch has it
        "weight_noise": [-0.548934, -0.517514, -0.768753],
        "update_noise": [0.37332, -0.308125, -1.257739],
        "noise.plugin": [-0.340465, 0.765362, 0.771599],
    },
}


@pytest.mark.parametrize(("way", "kind"), [(COUNTED, Counted), (GENERATED.format("cpu"), Generated)])
def test_the_name_of_a_way_of_drawing_stands_for_these_numbers(way, kind):
    tensors = {"keep": torch.ones(2, 1, 3)} | {name: torch.empty(2, 3) for name in NOISES}
    drawing = kind(tensors, (5, 6))
    drawing.begin(2**33 + 6, 0.5)
    drawing(1)
    changed = "numbers have changed, so the number after the slash in their name has to count up"
    for name, numbers in PINNED[way].items():
        assert tensors[name][0].flatten().tolist() == pytest.approx(numbers, abs=2e-6), changed
