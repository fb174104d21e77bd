"""`grok-tui coverage`: the statements of the sources, for people and for programs."""

import json

from grok_tui.frontend.coverage import Coverage


def test_every_statement_is_a_row_with_its_claims_or_the_reason(grok_tui):
    called = grok_tui("coverage")
    assert called.code == 0
    text = " ".join(called.out.split())
    assert "linear101 1: SGD converges on the minimum-norm solution" in text
    assert "waits for" in text
    assert text.rpartition("106 statements: ")[2].count("claimed") == 1


def test_the_document_is_json_and_says_the_same(grok_tui):
    document = json.loads(grok_tui("coverage", "--json").out)
    coverage = Coverage.model_validate(document)
    assert [one.number for one in coverage.statements] == list(range(1, 107))
    assert any(claim.expected == "not reproduced" for one in coverage.statements for claim in one.claims)


def test_the_page_is_written_beside_the_tables(grok_tui, tmp_path):
    called = grok_tui("coverage", "--markdown", tmp_path / "coverage.md")
    assert called.code == 0
    rows = [line for line in (tmp_path / "coverage.md").read_text().splitlines() if line.startswith("| ")]
    assert sum(line.split(" | ")[0].strip("| ").isdigit() for line in rows) == 106


def test_a_page_that_cannot_be_written_is_one_error(grok_tui):
    called = grok_tui("coverage", "--markdown", "/nowhere/x")
    assert called.code == 2
    assert called.err == "grok-tui: --markdown: /nowhere/x: no such file or directory\n"
