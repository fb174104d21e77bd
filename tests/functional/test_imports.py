"""What a command imports: quick commands stay light, and the engine knows no screen."""

import json
import subprocess
import sys

import numpy as np
import pytest
from plugin_kinds import KINDS

HEAVY = {"torch", "textual", "pydantic", "numpy"}
SCREENS = {"textual", "rich", "typer", "plotext"}

TABLE = 'name = "binary_operation"\np = 5'

LOOK = """
import json, sys
{code}
json.dump(sorted({{name.partition(".")[0] for name in sys.modules}}), sys.stderr)
"""


def imported(code: str) -> set[str]:
    """Return the packages imported by some code in a fresh interpreter."""
    found = subprocess.run(
        [sys.executable, "-c", LOOK.format(code=code)], capture_output=True, text=True, check=True
    )
    return set(json.loads(found.stderr.splitlines()[-1]))


def called(*arguments: str) -> str:
    return f"from grok_tui.__main__ import main; main({list(arguments)!r})"


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_import_nothing_heavy(option):
    assert not imported(called(option)) & HEAVY


@pytest.mark.parametrize(
    "arguments", [["presets"], ["presets", "linear101"], ["presets", "linear101", "--json"], ["coverage"]]
)
def test_lists_of_presets_import_neither_torch_nor_textual(arguments):
    assert not imported(called(*arguments)) & {"torch", "textual"}


def test_a_bad_preset_is_found_without_torch():
    assert "torch" not in imported(called("--headless", "--preset", "linear101", "--set", "training.stesp=1"))


def test_a_headless_run_imports_no_textual(preset_file):
    packages = imported(called("--headless", "--preset", preset_file(), "--steps", "5"))
    assert "torch" in packages
    assert not packages & {"textual", "plotext"}


def test_the_engine_imports_no_screen():
    packages = imported("import grok_tui.engine.run.run, grok_tui.lab.tasks, grok_tui.lab.measures")
    assert "torch" in packages
    assert not packages & SCREENS


def test_the_engine_does_not_import_the_compiler_of_torch():
    """It takes seconds, and compiling is the affair of a helper process."""
    code = "import sys, grok_tui.engine.run.run; assert 'torch._inductor' not in sys.modules, 'it is loaded'"
    assert "torch" in imported(code)


def test_a_run_is_ended_without_torch():
    assert "torch" not in imported(called("runs", "end", "nosuch") + "; import grok_tui.engine.remote.ending")


def test_the_document_needs_no_torch():
    modules = ("frontend.report", "headless.tables", "headless.junit", "headless.verify")
    assert "torch" not in imported("".join(f"import grok_tui.{name};" for name in modules))


@pytest.mark.parametrize("to", ["json", "csv", "npz", "parquet", "svg"])
def test_a_kept_run_is_exported_without_torch(to, preset_file, tmp_path, grok_tui):
    if to == "parquet":
        pytest.importorskip("pyarrow")
    kept, path = tmp_path / "kept", tmp_path / "table.toml"
    path.write_text(KINDS["measure"].preset(measures='"singular_values"', task=TABLE, model="mlp", steps=20))
    assert grok_tui("--preset", path, "--headless", "--run-dir", kept).code == 0
    call = called("export", str(kept), "--to", to, "--out", str(tmp_path / f"out.{to}"))
    assert "torch" not in imported(call)
    assert (tmp_path / f"out.{to}").stat().st_size


def test_labels_of_an_axis_are_exported_as_well(tmp_path, grok_tui):
    kept, path, out = tmp_path / "kept", tmp_path / "table.toml", tmp_path / "out.npz"
    path.write_text(KINDS["measure"].preset(measures='"embedding_power"', task=TABLE, model="mlp", steps=20))
    assert grok_tui("--preset", path, "--headless", "--run-dir", kept).code == 0
    assert grok_tui("export", kept, "--to", "npz", "--out", out).code == 0
    with np.load(out) as arrays:
        assert (
            len(arrays["first/embedding_power/frequency"]) == arrays["first/embedding_power/value"].shape[-1]
        )
