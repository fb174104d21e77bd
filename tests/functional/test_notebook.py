"""The notebook in `examples` runs from top to bottom and shows what it says."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook" / "grok_tui.ipynb"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each cell with code puts out, once all have run."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(folder / name.lower()))
        kernel = folder / "jupyter_data_dir" / "kernels" / "python3"
        kernel.mkdir(parents=True)
        command = f'"{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"'
        (kernel / "kernel.json").write_text(
            f'{{"argv": [{command}], "display_name": "x", "language": "python"}}'
        )
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]


def text_of(cell) -> str:
    return "".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell)


def test_a_result_is_shown_as_a_table_and_charts(outputs):
    shown = outputs[0][-1]["data"]
    assert "<table>" in shown["text/html"]
    assert "<svg" in shown["text/html"]
    assert "13 arms, finished" in shown["text/plain"]


def test_it_says_what_the_text_says(outputs):
    lines = text_of(outputs[1]).splitlines()
    assert float(lines[0].removeprefix("SGD: ")) == pytest.approx(100 / 101, abs=0.02)
    assert float(lines[1].removeprefix("Adam: ")) < 0.6
    assert "image/svg+xml" in outputs[2][-1]["data"]
    assert "linf_norm" in text_of(outputs[3])
    assert text_of(outputs[4]).startswith("reproduced - end(cosine.update_size_max)")
    assert "readout.weight" in text_of(outputs[5])
