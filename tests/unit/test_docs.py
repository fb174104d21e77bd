"""The pages for those who work on the program name what is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("docs/architecture.md", "docs/formats.md", "docs/gpu.md", "CONTRIBUTING.md")

FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
IN_BACKTICKS = re.compile(r"`([^`\n]+)`")
OF_THE_PROJECT = re.compile(r"(?:grok_tui|tests|docs|benchmarks|presets)/[\w./*-]*")
MEMBER = re.compile(r"([A-Z]\w+)\.(\w+)")


def named(page: str) -> list[str]:
    """Return what stands in backticks in the sentences and tables of a page."""
    return IN_BACKTICKS.findall(FENCED.sub("", (ROOT / page).read_text(encoding="utf-8")))


@cache
def members() -> set[tuple[str, str]]:
    """Return class and name of every method, property and field of the package."""
    found = set()
    for path in (ROOT / "grok_tui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found |= {(node.name, name) for name in _declared(node)}
    return found


def _declared(node: ast.ClassDef) -> set[str]:
    methods = {part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)}
    fields = {part.target for part in node.body if isinstance(part, ast.AnnAssign)}
    return methods | {target.id for target in fields if isinstance(target, ast.Name)}


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_names_are_there(page):
    paths = [text for text in named(page) if OF_THE_PROJECT.fullmatch(text)]
    assert paths
    assert [path for path in paths if not any(ROOT.glob(path.rstrip("/")))] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_methods_that_a_page_names_are_there(page):
    found = [match.groups() for text in named(page) if (match := MEMBER.fullmatch(text))]
    assert [".".join(pair) for pair in found if pair not in members()] == []


@pytest.mark.parametrize("page", [*PAGES, "README.md"])
def test_the_links_of_a_page_lead_somewhere(page):
    text = FENCED.sub("", (ROOT / page).read_text(encoding="utf-8"))
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text)]
    inside = [target for target in targets if target and "://" not in target]
    assert [target for target in inside if not ((ROOT / page).parent / target).exists()] == []
