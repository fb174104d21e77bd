"""What a plugin says of itself: names, help, specs and entries that are none are refused in one line."""

import re
import sys
from itertools import product

import pytest
from plugin_kinds import HEAD, KINDS, last_line

from grok_tui.catalog import plugins
from grok_tui.catalog.base import parameters
from grok_tui.catalog.plugins import PluginError
from grok_tui.catalog.registries import REGISTRIES, take_up

pytestmark = pytest.mark.usefixtures("own_registries")

DECLARATIONS = [
    *(("task", 'models = ("linear",)', f"models = {value}") for value in ("None", "3", "'linear'", "(3,)")),
    *(
        ("task", 'models = ("linear",)', f'models = ("linear",)\n    {flag} = {value}')
        for flag, value in product(("classes", "seeded", "drawn", "spectral", "coordinates"), ("3", "'x'"))
    ),
    *(
        ("model", 'tasks = ("binary_operation",)', f"tasks = {value}")
        for value in ("None", "3", "(3,)", "'x'")
    ),
    *(
        ("loss", "targets = NUMBERS", f"targets = {value}")
        for value in ("None", "3", "set()", "frozenset({3})")
    ),
    *(
        (
            "intervention",
            "    by: float",
            f"    def after(self, settings):\n        return {value}\n    by: float",
        )
        for value in ("None", "3", "settings.optimizer")
    ),
    *(
        (
            kind,
            f"{key}: {type_} = knob(",
            f"{key}: {other} = knob({default}, help='x')\n    more: int = knob(1, ",
        )
        for kind, key, type_ in (("loss", "scale", "float"), ("optimizer", "weight_decay", "float"))
        for other, default in (
            ("object", "object()"),
            ("complex", "1j"),
            ("bytes", "b'\\xff'"),
            ("set", "{1}"),
        )
    ),
    ("task", "Task(train, validation, 1, right)", "Task(validation, train, 2, right)"),
    ("task", "Samples(inputs[:4], targets[:4])", "None"),
    ("task", "Samples(inputs[:4], targets[:4])", "Samples(inputs[:4] / 0, targets[:4])"),
    ("task", "Samples(inputs[:4], targets[:4])", "Samples(inputs[:4], targets[:4] / 0)"),
    ("task", "Samples(inputs[:4], targets[:4])", "Samples(inputs[:4].double(), targets[:4])"),
    ("task", "Samples(inputs[:4], targets[:4])", "Samples(inputs[:4].to('meta'), targets[:4])"),
    ("task", 'models = ("linear",)', 'models = ("linear",)\n    coordinates = True'),
    ("task", 'models = ("linear",)', 'models = ("linear",)\n    drawn = True'),
    ("model", "return self.second(self.first(inputs))", "return self.second(self.first(inputs)).detach()"),
    ("loss", "(outputs - targets).abs().mean(-1)", "(outputs - targets).abs().mean(-1).detach()"),
    ("intervention", "arm.theta.add_(intervention.by)", "arm.theta.resize_(1, 3)"),
    ("intervention", "arm.theta.add_(intervention.by)", "arm.theta.data = torch.zeros(1, 11)"),
    ("intervention", "arm.theta.add_(intervention.by)", "arm.spec = 3"),
    ("intervention", "arm.theta.add_(intervention.by)", "arm.step = -5"),
    ("measure", 'called="spread"', "called=3"),
    ("measure", 'says="largest less smallest weight"', "says=None"),
    ("measure", 'says="largest less smallest weight"', "says='', axes='abc'"),
    ("measure", 'says="largest less smallest weight"', "says='', family=None"),
    ("modifier", 'at={"gradient": 25, "update": 25}', "at=None"),
    ("modifier", 'at={"gradient": 25, "update": 25}', "at={'gradient': 'x'}"),
]


@pytest.mark.parametrize(("kind", "right", "wrong"), DECLARATIONS)
def test_what_it_declares_wrongly_is_one_line(broken, kind, right, wrong):
    called = broken(kind, right, wrong)
    assert called.code == (3 if "arm.theta" in right else 2)
    assert "mine.py" in last_line(called)


NAMES = [
    "",
    "a b",
    "x" * 10_000,
    "\x1b[31mred",
    "a\nb",
    "a.b",
    "tâche",
    "3a",
    "a-b",
    "Abc",
    "\x9b31m",
    "lambda",
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_name_is_refused(kind, tmp_path):
    one, file = KINDS[kind], tmp_path / "mine.py"
    for name in NAMES:
        code = one.code.replace(f'Literal["{one.name}"] = "{one.name}"', f"Literal[{name!r}] = {name!r}")
        code = code.replace(f'Literal["{one.name}"]', f"Literal[{name!r}]")
        file.write_text(HEAD + code.replace('called="spread"', f"called={name!r} or (lambda: 0).__name__"))
        with pytest.raises(PluginError, match="is no name") as refused:
            take_up([file])
        told = str(refused.value)
        assert f"plugin {file}: {kind}" in told
        assert told.isprintable()
        assert len(told) < 500


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "measure"])
def test_what_is_no_entry_is_refused(kind, tmp_path):
    one, file = KINDS[kind], tmp_path / "mine.py"
    key = "action" if kind == "intervention" else "name"
    literal = re.compile(rf"    {key}: Literal\[.*")
    made = "ModifierEntry" if kind == "modifier" else "Entry"
    more = ", at={'update': 25}" if kind == "modifier" else f", key='{key}'"
    entries = ["None, print", "3, print", "int, print", "Spec, 3", "Spec, 'nope'", "Spec, ':'", "Spec, None"]
    texts = [re.sub(r"ENTRY = .*", f"ENTRY = {made}({entry}{more})", one.code) for entry in entries]
    texts += [one.code.replace("ENTRY = ", "WRONG = ").rsplit(")", 1)[0] + ", key=3)\nENTRY = WRONG"]
    texts += [
        literal.sub(f"    {key}: {declared}", one.code)
        for declared in ("str", 'Literal["a", "b"]', "Literal[3]", "None")
    ]
    for text in texts:
        file.write_text(HEAD + text)
        with pytest.raises(PluginError) as refused:
            take_up([file])
        assert str(file) in str(refused.value)


def test_names_of_entry_points_that_are_none_are_told_of_and_nowhere_else(installed, preset_file, grok_tui):
    installed(HEAD + KINDS["loss"].code, "\x1b[31mred = MODULE:ENTRY", "A-b = MODULE:ENTRY", kind="losses")
    called = grok_tui("--preset", preset_file({'loss = "mse"': 'loss = "msee"'}), "--headless")
    assert called.code == 2
    assert "A-b" not in last_line(called)
    listed = grok_tui("plugins")
    assert listed.code == 2
    lines = listed.err.splitlines()
    assert len(lines) == 2
    assert all("tiger-lab 1.0: loss '" in line and "is no name" in line for line in lines)
    assert listed.err.isascii()
    assert "\x1b" not in listed.err + listed.out


def test_help_is_one_line_that_is_safe_to_show(tmp_path):
    file = tmp_path / "mine.py"
    code = KINDS["loss"].code.replace("The absolute error.", "red \\x1b[31m" + "x" * 10_000)
    file.write_text(HEAD + code.replace('help="what', 'help="\\x1b[31m" + "y" * 10_000 + "what'))
    take_up([file])
    entry = REGISTRIES["loss"]["absolute"]
    (scale,) = parameters(entry.spec)
    for text in (entry.help, scale.help):
        assert text.isprintable()
        assert len(text) <= 200


def test_an_implementation_that_hangs_when_it_is_imported_is_tried_once(tmp_path, monkeypatch, grok_tui):
    monkeypatch.setattr("grok_tui.catalog.registry.PATIENCE_WITH_TORCH", 0.2)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "lab_hanging.py").write_text("import time; time.sleep(3)")
    file = tmp_path / "mine.py"
    file.write_text(
        HEAD + KINDS["loss"].code.replace("Entry(Spec, absolute)", "Entry(Spec, 'lab_hanging:f')")
    )
    take_up([file])
    for _ in range(2):
        with pytest.raises(PluginError, match=r"loss 'absolute' \(lab_hanging:f\) was not loaded within 0 s"):
            REGISTRIES["loss"].implementation("absolute")
    assert len(REGISTRIES["loss"]._broken) == 1
    assert plugins.PATIENCE_WITH_TORCH > plugins.PATIENCE
    sys.modules.pop("lab_hanging", None)
