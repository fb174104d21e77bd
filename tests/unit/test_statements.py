"""Every statement of the sources has a claim that stands for it, or a reason why none does."""

from __future__ import annotations

from pathlib import Path

import pytest

from grok_tui.errors import PresetError
from grok_tui.frontend.coverage import coverage
from grok_tui.headless.coverage import page
from grok_tui.paths import shipped_presets
from grok_tui.presets import load, shipped_statements
from grok_tui.presets.statements import read

DOCS = Path(__file__).parents[2] / "docs"

ONE = """
[[sources]]
title = "A text"
origin = "a test"
presets = []
"""


def statement(number: int, more: str = "") -> str:
    return f'[[sources.statements]]\nnumber = {number}\nsays = "so it is"\n{more}\n'


@pytest.fixture
def written(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "statements.toml"
        path.write_text(text)
        return path

    return write


def test_none_is_without_a_claim_and_without_a_reason():
    assert [one.number for one in coverage().statements if one.standing == "open"] == []


def test_all_of_the_sources_are_there():
    assert [one.number for one in shipped_statements().all] == list(range(1, 107))


def test_the_committed_page_is_current():
    assert (DOCS / "coverage.md").read_text(encoding="utf-8") == page(coverage())


def test_every_shipped_preset_has_its_place_in_one_story():
    told = [name for source in shipped_statements().sources for name in source.presets]
    assert sorted(told) == sorted(path.stem for path in shipped_presets().glob("*.toml"))


def test_a_claim_of_the_full_profile_counts_and_says_so():
    million = next(one for one in coverage().statements if one.number == 79)
    assert ("power-1m", "full") in {(claim.preset, claim.profile) for claim in million.claims}


def test_a_claim_that_both_profiles_have_is_listed_once():
    for one in coverage().statements:
        said = [(claim.preset, claim.says) for claim in one.claims]
        assert len(said) == len(set(said))


def test_a_statement_with_claims_and_something_to_wait_for_is_covered_partly():
    assert {
        bool(one.claims)
        for one in coverage().statements
        if one.standing == "partly" and (one.waits_for or one.because)
    } == {True}


BAD = {
    "a gap": (statement(1) + statement(3), "statement 3 stands where 2 should"),
    "two reasons": (statement(1, 'waits_for = "x"\nbecause = "y"'), "exclude each other"),
    "a slip": (statement(1, 'waitsfor = "x"'), "unknown key 'waitsfor'; did you mean 'waits_for'?"),
    "an empty reason": (statement(1, 'because = ""'), "because"),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_a_bad_file_is_named(written, text, said):
    path = written(ONE + text)
    with pytest.raises(PresetError) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert said in str(raised.value)


def test_a_preset_in_two_stories_is_named(written):
    with pytest.raises(PresetError, match="preset 'x' stands there twice"):
        read(written(ONE.replace("[]", '["x", "x"]')))


class TestNumbersInAPreset:
    PRESET = (shipped_presets() / "linear101.toml").read_text()

    @pytest.mark.parametrize(
        ("numbers", "said"),
        [
            ("[107]", "claims[0].statements: unknown statement 107; did you mean 106? There are 1 to 106"),
            ("[0]", "claims[0].statements: unknown statement 0; did you mean 1?"),
            ("[7, 7]", "claims[0].statements: statement 7 is named twice"),
            ('["7"]', "claims[0].statements[0]: should be a whole number"),
        ],
    )
    def test_what_is_no_statement_is_one_error_with_the_nearest(self, write, numbers, said):
        assert "statements = [7]" in self.PRESET
        with pytest.raises(PresetError) as raised:
            load(write(self.PRESET.replace("statements = [7]", f"statements = {numbers}", 1)))
        assert said in str(raised.value)
        assert "\n" not in str(raised.value)
