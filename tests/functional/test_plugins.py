"""Plugins: what they bring is there like what ships, and what is wrong with them is one line."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grok_tui.catalog import plugins
from grok_tui.catalog.registries import REGISTRIES, VARIABLE, take_up

LION = '''
"""A copy of Lion under a name of its own."""
from typing import Literal
import torch
from grok_tui.catalog.base import knob
from grok_tui.catalog.entry import Entry
from grok_tui.catalog.optimizers import Optimizer
from grok_tui.lab.optimizers import Rule

class Tiger(Optimizer):
    """Steps by the sign of an average."""
    name: Literal["tiger"]
    lr: float = knob(0.01, live=True, ge=0, help="learning rate")
    weight_decay: float = knob(0.0, live=True, ge=0, help="none")

class TigerRule(Rule):
    slots = ("mean",)

    def coefficients(self, hyper, step):
        return {"step": -hyper["lr"]}

    def update(self, theta, grad, state, c):
        mean = torch.lerp(state["mean"], grad, 0.1)
        return theta + c["step"] * mean.sign(), {"mean": mean}

TIGER = Entry(Tiger, TigerRule)
'''
SHIFT = '''
"""A modifier of a plugin."""
from dataclasses import dataclass
from typing import Literal
import torch
from grok_tui.catalog.base import knob
from grok_tui.catalog.modifiers import Modifier, ModifierEntry
from grok_tui.lab.modifiers import Acting

class Shift(Modifier):
    """Adds to the update, with noise."""
    name: Literal["shift"] = "shift"
    shift: float = knob(0.0, live=True, ge=0, help="how much")
    shift_memory: float = knob(0.5, live=True, ge=0, lt=1, help="of the slow part")

@dataclass(frozen=True)
class Shifting(Acting):
    slots = ("shift_sum",)
    draws = True

    def initial(self, theta):
        return {"shift_sum": torch.zeros_like(theta)}

    def coefficients(self, spec, lr, step):
        return {"by": lr.new_tensor(spec.shift), "kept": lr.new_tensor(spec.shift_memory)}

    def gradient(self, theta, grad, state, c, sizes):
        slow = state["shift_sum"] * c["kept"] + grad
        return slow, {"shift_sum": slow}

    def update(self, theta, theta_0, noise, c):
        return theta + c["by"] * noise

def made(spec):
    return Shifting() if spec.shift else None

SHIFT = ModifierEntry(Shift, made, at={"gradient": 25, "update": 25})
'''
SHIFTED = {"[[arms]]": "[modifiers]\nshift = 0.001\n\n[[arms]]"}
pytestmark = pytest.mark.usefixtures("own_registries")


@pytest.fixture
def tiger_preset(preset_file):
    return preset_file({'"sgd", lr = 0.1': '"tiger"', "[0.9, 0.92]": "[0, 2]"})


def one_line(called) -> str:
    assert (called.code, called.out) == (2, "")
    (line,) = called.err.splitlines()
    return line


class TestDistribution:
    def test_its_optimizer_trains_and_is_listed(self, installed, tiger_preset, grok_tui):
        installed(LION, "tiger = MODULE:TIGER")
        called = grok_tui("--preset", tiger_preset, "--headless", "--json")
        assert called.code == 0
        (arm,) = json.loads(called.out)["arms"]
        assert arm["optimizer"] == {"name": "tiger", "lr": 0.01, "weight_decay": 0.0}
        (offer,) = json.loads(grok_tui("plugins", "--json").out)
        assert (offer["name"], offer["origin"]) == ("tiger", "tiger-lab 1.0")
        assert offer["help"] == "Steps by the sign of an average."

    def test_names_are_read_without_importing(self, installed, preset_file, grok_tui):
        module = installed("raise SystemExit('imported')", "tiger = MODULE:TIGER")
        assert grok_tui("--preset", preset_file(), "--headless").code == 0
        line = one_line(grok_tui("--preset", preset_file({'"sgd", lr': '"tigre", lr'}), "--headless"))
        assert "unknown name 'tigre'; did you mean 'tiger'?" in line
        assert module not in sys.modules

    def test_an_unknown_key_of_its_spec_is_told_with_the_nearest(self, installed, preset_file, grok_tui):
        installed(LION, "tiger = MODULE:TIGER")
        line = one_line(grok_tui("--preset", preset_file({'"sgd", lr': '"tiger", lrr'}), "--headless"))
        assert "arms.sgd.optimizer: unknown key 'lrr'; did you mean 'lr'?" in line

    def test_two_of_one_name_are_both_named(self, installed, tiger_preset, grok_tui):
        installed(LION, "tiger = MODULE:TIGER")
        installed(LION, "tiger = MODULE:TIGER", distribution="other-lab")
        line = one_line(grok_tui("--preset", tiger_preset, "--headless"))
        assert "two optimizers are named 'tiger'" in line
        assert "tiger-lab 1.0" in line
        assert "other-lab 1.0" in line

    def test_the_name_of_one_that_ships_cannot_be_taken(self, installed, preset_file, grok_tui):
        installed(LION, "sgd = MODULE:TIGER")
        line = one_line(grok_tui("--preset", preset_file(), "--headless"))
        assert "two optimizers are named 'sgd': of grok-tui and of tiger-lab 1.0" in line

    def test_a_broken_one_costs_the_others_nothing(self, installed, tiger_preset, grok_tui):
        installed(LION, "tiger = MODULE:TIGER")
        installed("1 / 0", "panther = MODULE:PANTHER", distribution="broken-lab")
        assert grok_tui("--preset", tiger_preset, "--headless").code == 0
        called = grok_tui("plugins")
        assert called.code == 2
        assert "tiger-lab 1.0" in called.out
        (line,) = called.err.splitlines()
        assert "plugin broken-lab 1.0: 'panther'" in line
        assert "ZeroDivisionError" in line


class TestFile:
    @pytest.fixture
    def tiger(self, tmp_path) -> Path:
        path = tmp_path / "tiger.py"
        path.write_text(LION)
        return path

    def test_it_is_taken_up_from_the_command_line(self, tiger, tiger_preset, grok_tui):
        assert grok_tui("--preset", tiger_preset, "--headless", "--plugin", str(tiger)).code == 0

    def test_a_run_asks_for_it_again(self, tiger, tiger_preset, tmp_path, grok_tui, monkeypatch):
        folder = str(tmp_path / "kept")
        call = ("--preset", tiger_preset, "--headless", "--plugin", str(tiger), "--run-dir", folder)
        assert grok_tui(*call).code == 0
        (used,) = json.loads((tmp_path / "kept" / "run.json").read_text())["plugins"]
        assert (used["kind"], used["name"], used["file"]) == ("optimizer", "tiger", str(tiger))
        assert len(used["digest"]) == 64
        forget(monkeypatch)
        line = one_line(grok_tui("resume", folder, "--headless"))
        assert f"needs --plugin {tiger} (its optimizer 'tiger'): give it again" in line
        assert grok_tui("export", folder, "--plugin", str(tiger)).code == 0
        forget(monkeypatch)
        tiger.write_text(LION + "\n# edited\n")
        called = grok_tui("resume", folder, "--headless", "--plugin", str(tiger))
        assert called.code == 0
        assert f"the bits may differ: optimizer 'tiger' of {tiger}: was edited" in called.err

    def test_a_run_asks_for_what_was_set_by_hand_as_well(
        self, tiger, preset_file, tmp_path, grok_tui, monkeypatch
    ):
        """Of a modifier, of which the preset says nothing, and of an optimizer that was switched to."""
        from grok_tui.catalog.interventions import intervention
        from grok_tui.engine.run.run import Run
        from grok_tui.engine.store.store import create
        from grok_tui.presets import load

        shift = tmp_path / "shift.py"
        shift.write_text(SHIFT)
        take_up([shift, tiger])
        run = Run(load(preset_file()))
        store = create(run, "small", at=tmp_path / "kept")
        arm = next(iter(run.arms.values()))
        by_hand = {"arm": arm.name, "at_step": 0}
        document = tmp_path / "kept" / "run.json"
        assert "plugins" not in json.loads(document.read_text())
        arm.advance(5)
        one = {"action": "set", "hyperparameter": "shift_memory", "value": 0.25}
        arm.intervene(intervention(by_hand | one))
        (used,) = json.loads(document.read_text())["plugins"]
        assert (used["kind"], used["name"], used["file"]) == ("modifier", "shift", str(shift))
        arm.intervene(intervention(by_hand | {"action": "switch", "optimizer": {"name": "tiger"}}))
        arm.advance(5)
        assert store.checkpoint()
        store.close()
        assert [one["name"] for one in json.loads(document.read_text())["plugins"]] == ["shift", "tiger"]
        folder = str(tmp_path / "kept")
        forget(monkeypatch)
        line = one_line(grok_tui("resume", folder, "--headless"))
        assert f"needs --plugin {shift} (its modifier 'shift'): give it again" in line
        forget(monkeypatch)
        line = one_line(grok_tui("resume", folder, "--headless", "--plugin", str(shift)))
        assert f"needs --plugin {tiger} (its optimizer 'tiger'): give it again" in line
        forget(monkeypatch)
        tiger.write_text(LION + "\n# edited\n")
        called = grok_tui("resume", folder, "--headless", "--plugin", str(shift), "--plugin", str(tiger))
        assert called.code in (0, 1)
        assert f"the bits may differ: optimizer 'tiger' of {tiger}: was edited" in called.err

    @pytest.mark.parametrize(
        ("code", "said"),
        [
            ("", "has no Entry"),
            ("1 / 0", "ZeroDivisionError: division by zero"),
            ("import nowhere_at_all", "ModuleNotFoundError"),
            ("def", "SyntaxError"),
            ("raise SystemExit(3)", "SystemExit: 3"),
            ("import time; time.sleep(30)", "was not loaded within"),
            (LION.replace("(Optimizer)", "(__import__('pydantic').BaseModel)"), "derives from none of"),
            (LION.replace('"tiger"', '"adamw"'), "grok-tui has a optimizer named 'adamw' itself"),
            (LION.replace("weight_decay: float", "decay: float"), "needs a knob 'weight_decay'"),
        ],
    )
    def test_what_is_wrong_with_it_is_one_line(self, tiger, tiger_preset, grok_tui, monkeypatch, code, said):
        monkeypatch.setattr(plugins, "PATIENCE", 0.3 if "sleep" in code else plugins.PATIENCE)
        tiger.write_text(code)
        line = one_line(grok_tui("--preset", tiger_preset, "--headless", "--plugin", str(tiger)))
        assert said in line
        assert "tiger.py" in line

    @pytest.mark.parametrize(
        ("ours", "theirs", "said"),
        [
            ("def coefficients(self, hyper, step)", "def coefficients(self)", "TypeError"),
            ("return theta + c", "return theta.double() + c", "theta of torch.float32 becomes"),
            ("mean.sign()", "torch.rand(1)", "update draws random numbers (aten.rand)"),
            ('{"mean": mean}', "{}", "update keeps [] of the state ['mean']"),
            ('{"mean": mean}', '{"mean": mean[:, :1]}', "state 'mean' [1, 11] becomes [1, 1]"),
            ("Entry(Tiger, TigerRule)", "Entry(Tiger, lambda layout: None)", "not as a Rule"),
            ("Entry(Tiger, TigerRule)", "Entry(Tiger, 'nowhere:Rule')", "No module named 'nowhere'"),
            ("Entry(Tiger, TigerRule)", "Entry(Tiger, 'math:Rule')", "has no attribute 'Rule'"),
            ("mean = torch.lerp", "raise RuntimeError('the moon')\n        mean = torch.lerp", "the moon"),
        ],
    )
    def test_what_it_does_wrong_is_one_line(self, tiger, tiger_preset, grok_tui, ours, theirs, said):
        assert ours in LION
        tiger.write_text(LION.replace(ours, theirs))
        called = grok_tui("--preset", tiger_preset, "--headless", "--plugin", str(tiger))
        assert called.code == 2
        line = called.err.splitlines()[-1]
        assert said in line
        assert f"plugin {tiger}: " in line
        assert "Traceback" not in called.err


def forget(monkeypatch) -> None:
    """Be as a process that has just been started, without the plugin."""
    monkeypatch.delenv(VARIABLE, raising=False)
    for registry in REGISTRIES.values():
        registry._added.clear()


THINGS = st.sampled_from(
    """None; theta; theta[:1]; theta.T; theta.int(); theta.tolist(); 7; state['mean']; grad * 2
    torch.zeros(3); theta.double(); theta / 0; {}; state; undefined; c['step']""".replace("\n", ";").split(
        ";"
    )
).map(str.strip)


@settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
@given(after=THINGS, mean=THINGS)
def test_whatever_an_update_returns_is_trained_with_or_told_in_one_line(
    after, mean, tiger_preset, tmp_path, grok_tui, monkeypatch
):
    path = tmp_path / "tiger.py"
    path.write_text(
        LION.replace('theta + c["step"] * mean.sign(), {"mean": mean}', f"{after}, {{'mean': {mean}}}")
    )
    forget(monkeypatch)
    called = grok_tui("--preset", tiger_preset, "--headless", "--plugin", str(path))
    assert called.code in (0, 1, 2, 3)
    assert "Traceback" not in called.err
    if called.code == 2:
        assert f"plugin {path}: optimizer 'tiger'" in called.err.splitlines()[-1]


class TestModifier:
    def test_it_acts_and_a_run_with_it_comes_out_the_same_again(
        self, installed, preset_file, grok_tui, tmp_path
    ):
        installed(SHIFT, "shift = MODULE:SHIFT", kind="modifiers")
        preset, kept = preset_file(SHIFTED), tmp_path / "kept"
        called = grok_tui("--preset", preset, "--headless", "--json", "--run-dir", kept)
        assert called.code in (0, 1)
        assert "shift" in (kept / "run.json").read_text()
        assert grok_tui("replay", kept).code == 0
        plain = grok_tui("--preset", preset_file(), "--headless", "--json")
        assert json.loads(plain.out)["arms"][0]["measures"] != json.loads(called.out)["arms"][0]["measures"]

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"shift = 0.001": "shift = -1"}, "should be greater than or equal to 0"),
            ({"shift = 0.001": "shift_memroy = 1"}, "unknown key 'shift_memroy'"),
            ({"shift = 0.001": "shfit = 1"}, "did you mean 'shift'?"),
        ],
    )
    def test_what_a_preset_says_of_it_is_checked(self, installed, preset_file, grok_tui, change, told):
        installed(SHIFT, "shift = MODULE:SHIFT", kind="modifiers")
        called = grok_tui("--preset", preset_file(SHIFTED | change), "--headless")
        assert told in one_line(called)

    @pytest.mark.parametrize(
        ("right", "wrong", "told"),
        [
            ("return slow, {", "return slow[..., 1:], {", "the gradient"),
            (
                "return slow, {",
                "return slow.double(), {",
                "the gradient of torch.float32 becomes torch.float64",
            ),
            ('{"shift_sum": slow}', "{}", "gradient keeps [] of the state ['shift_sum']"),
            ("theta, theta_0, noise, c)", "theta)", "TypeError"),
            (
                "* noise",
                "* torch.randn_like(theta)",
                "draws random numbers (aten.randn_like): noise is given",
            ),
            ("return Shifting()", "return 3", "it is built as int"),
            ('at={"gradient": 25, "update": 25}', 'at={"rule": 1}', "acts at rule"),
            ('ModifierEntry(Shift, made, at={"gradient": 25, "update": 25})', "3", "is int"),
            ("shift_memory", "lr", "does not begin with 'shift'"),
            ("@dataclass(frozen=True)", "@dataclass", "cannot be hashed"),
            ("lr.new_tensor(spec.shift)", "1.0", "coefficient 'by' is float"),
        ],
    )
    def test_one_that_breaks_the_contract_is_one_line(
        self, installed, preset_file, grok_tui, right, wrong, told
    ):
        assert right in SHIFT
        installed(SHIFT.replace(right, wrong), "shift = MODULE:SHIFT", kind="modifiers")
        line = one_line(grok_tui("--preset", preset_file(SHIFTED), "--headless"))
        assert told in line
