"""What the charts package may load, seen from a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import grok_tui
import grok_tui.charts

ROOT = Path(grok_tui.__file__).parents[1]


def loaded_after(code):
    script = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(run.stdout.split())


def test_drawing_needs_neither_torch_nor_a_terminal_library():
    loaded = loaded_after("import grok_tui.charts, grok_tui.charts.draw")
    assert {"numpy", "plotext"} <= loaded
    assert not loaded & {"torch", "textual", "rich", "pydantic", "grok_tui.engine"}


def test_a_program_that_only_sends_charts_does_not_load_plotext():
    assert "plotext" not in loaded_after("import grok_tui.charts")


def test_one_module_alone_knows_plotext():
    package = Path(grok_tui.charts.__file__).parent
    users = [path.name for path in package.glob("*.py") if "import plotext" in path.read_text()]
    users += [path.name for path in package.glob("*.py") if "from plotext" in path.read_text()]
    assert users == ["canvas.py"]
