"""The contracts that grok-tui asks of a plugin, and what is this one's own."""

import torch
from tictactoe_lab import ADABELIEF, TICTACTOE, WEIGHT_KURTOSIS, TicTacToe

from grok_tui.testing import check_measure, check_optimizer, check_task


def adabelief(theta, gradient, steps):
    """Algorithm 2 of Zhuang et al. 2020, line by line."""
    lr, (beta1, beta2), eps = 1e-3, (0.9, 0.999), 1e-8
    mean, variance = torch.zeros_like(theta), torch.zeros_like(theta)
    for step in range(1, steps + 1):
        grad = gradient(theta)
        mean = beta1 * mean + (1 - beta1) * grad
        variance = beta2 * variance + (1 - beta2) * (grad - mean) ** 2 + eps
        root = (variance / (1 - beta2**step)).sqrt()
        theta = theta - lr * mean / (1 - beta1**step) / (root + eps)
    return theta


def test_adabelief_is_its_algorithm():
    check_optimizer(ADABELIEF, adabelief)


def test_the_task_keeps_its_contract():
    check_task(TICTACTOE)
    check_task(TICTACTOE, train_fraction=0.9)


def test_the_measure_keeps_its_contract():
    check_measure(WEIGHT_KURTOSIS)


def test_x_has_won_where_three_are_in_a_row():
    task = TICTACTOE.load()(TicTacToe(name="tictactoe"), 0, torch.float32)
    rows = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
    for board, label in zip(task.train.inputs.view(-1, 9, 3), task.train.targets, strict=True):
        assert (label == 1) == any(all(board[square, 0] == 1 for square in row) for row in rows)
