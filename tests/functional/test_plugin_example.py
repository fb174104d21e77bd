"""The example plugin, installed from its own pyproject: listed, trained with, kept, and asked for again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder in which it is installed, and nothing else; no package is fetched."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(EXAMPLE)], check=True, timeout=120)
    return folder


def called(*arguments: object, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(site or ""), os.environ.get("PYTHONPATH", "")]))
    return subprocess.run(
        [sys.executable, "-m", "grok_tui", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_its_preset_comes_out_as_it_says_and_a_run_asks_for_it_again(site, tmp_path):
    preset, folder = EXAMPLE / "tictactoe.toml", tmp_path / "kept"
    without = called("--preset", preset, "--headless")
    assert without.returncode == 2
    assert "unknown name 'tictactoe'" in without.stderr
    ran = called("--preset", preset, "--headless", "--json", "--run-dir", folder, site=site)
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert {claim["verdict"] for claim in document["claims"]} == {"reproduced"}
    used = json.loads((folder / "run.json").read_text())["plugins"]
    assert document["plugins"] == used
    assert {(one["kind"], one["name"]) for one in used} >= {("task", "tictactoe"), ("optimizer", "adabelief")}
    assert {(one["distribution"], one["version"]) for one in used} == {("tictactoe-lab", "1.0")}
    refused = called("resume", folder, "--headless")
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert "needs tictactoe-lab 1.0 (its task 'tictactoe'): install it" in line
    assert called("resume", folder, "--headless", site=site).returncode == 0


def test_its_own_tests_pass(site):
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(EXAMPLE)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_it_is_listed_with_what_it_brings(site):
    offers = json.loads(called("plugins", "--json", site=site).stdout)
    assert {(one["kind"], one["name"], one["problem"]) for one in offers} >= {
        ("task", "tictactoe", ""),
        ("optimizer", "adabelief", ""),
        ("measure", "weight_kurtosis", ""),
    }
