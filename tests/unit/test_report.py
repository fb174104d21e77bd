"""The document of a run, and what is made of it: its schema, JUnit, Markdown and tables."""

import json
import math
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from rich.console import Console

from grok_tui.frontend import report
from grok_tui.frontend.report import (
    ArmReport,
    ClaimReport,
    ComparisonReport,
    EventReport,
    Failure,
    Ledger,
    Report,
    Timings,
    Versions,
)
from grok_tui.headless import junit, markdown
from grok_tui.headless.tables import ledger_tables, run_tables
from grok_tui.numbers import clock, duration, grouped, plural, rate, short
from grok_tui.printable import printable, shortened

SCHEMA_FILE = Path(report.__file__).parent / report.SCHEMA_FILE


def claim(says="the bias is large", verdict="reproduced", expected="reproduced", **changes) -> ClaimReport:
    compared = ComparisonReport(
        text="end(sgd.bias) > 0.5",
        left=0.9,
        operator=">",
        right=0.5,
        holds=verdict == "reproduced",
        shown="end(sgd.bias) = 0.9 > 0.5",
    )
    values = {
        "says": says,
        "holds": compared.text,
        "verdict": verdict,
        "expected": expected,
        "as_expected": verdict == expected,
        "left": compared.left,
        "operator": compared.operator,
        "right": compared.right,
        "comparisons": [compared],
        "origin": "a paper, section 3",
        "retracted": None,
        "because": None,
        "held_in": int(verdict == "reproduced"),
        "replicas": 1,
        "holds_in": 1.0,
    }
    return ClaimReport(**(values | changes))


def arm(**measures) -> ArmReport:
    return ArmReport(
        name="sgd",
        steps=200,
        steps_planned=200,
        optimizer={"name": "sgd", "lr": 0.1},
        since=0,
        recorded_at=200,
        batch_size="full",
        diverged=False,
        measures={"train_loss": [0.1], "val_loss": [0.2]} | measures,
    )


def run_report(*claims, **changes) -> Report:
    values = {
        "preset": "small",
        "title": "A small preset",
        "profile": "quick",
        "sources": ["a paper"],
        "settings": {"training": {"steps": 200}},
        "versions": Versions(grok_tui="0.1", python="3.11", torch="2.6", numpy="2.0", platform="Linux"),
        "device": "cpu",
        "device_name": "cpu",
        "threads": 1,
        "seeds": [0],
        "arms": [arm()],
        "events": [],
        "interventions": [],
        "claims": list(claims),
        "timings": Timings(startup_seconds=1.0, seconds=2.0, steps=200, steps_per_second=100.0),
        "ended": "finished",
        "problem": None,
        "complete": True,
        "exit_code": 0 if all(c.as_expected for c in claims) else 1,
    }
    return Report(**(values | changes))


def ledger(*runs, failures=(), **changes) -> Ledger:
    values = {
        "runs": list(runs),
        "failures": list(failures),
        "seconds": 3.0,
        "complete": True,
        "exit_code": 0,
    }
    return Ledger(**(values | changes))


def shown(renderable, width=80) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def validator(definition: str) -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA_FILE.read_text())
    return jsonschema.Draft202012Validator(schema | {"$ref": f"#/$defs/{definition}"})


class TestSchema:
    def test_the_shipped_file_is_the_schema_of_the_models(self):
        assert SCHEMA_FILE.read_text() == report.schema()

    def test_it_is_a_valid_schema(self):
        jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA_FILE.read_text()))

    def test_a_report_satisfies_it(self):
        jsonschema.validate(json.loads(run_report(claim()).to_json()), json.loads(SCHEMA_FILE.read_text()))

    def test_a_ledger_satisfies_its_part_of_it(self):
        failure = Failure(preset="other", exit_code=3, problem="crashed")
        document = json.loads(ledger(run_report(claim()), failures=[failure]).to_json())
        validator("Ledger").validate(document)

    def test_it_refuses_a_document_with_an_unknown_verdict(self):
        document = json.loads(run_report(claim()).to_json())
        document["claims"][0]["verdict"] = "perhaps"
        assert not validator("Report").is_valid(document)


class TestNumbers:
    def test_what_is_not_finite_becomes_null(self):
        measures = {"bias": [0.5, math.nan, math.inf, -math.inf]}
        text = run_report(arms=[arm(**measures)]).to_json()
        document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
        assert document["arms"][0]["measures"]["bias"] == [0.5, None, None, None]

    def test_a_document_read_back_is_the_same(self):
        written = run_report(claim(), arms=[arm(bias=[0.1, math.nan])])
        assert Report.model_validate_json(written.to_json()) == written

    @pytest.mark.parametrize(
        ("value", "text"), [(0.99, "0.99"), (0, "0"), (12.3456, "12.35"), (1e-9, "1.0e-09"), (None, "-")]
    )
    def test_a_measure_is_shown_short(self, value, text):
        assert short(value) == text

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_what_is_not_finite_is_shown_as_missing(self, value):
        assert short(value) == "-"
        assert rate(value) == "-"

    def test_numbers_are_shown_as_people_read_them(self):
        assert grouped(1234567) == "1 234 567"
        assert (plural(1, "arm"), plural(2000, "arm")) == ("1 arm", "2 000 arms")
        assert (rate(950.0), rate(3912.0), rate(2.5e6)) == ("950", "3.91k", "2.5M")
        assert (duration(5.23), duration(59.99), duration(3700)) == ("5.2 s", "1:00", "1:01:40")
        assert clock(5) == "0:05"


class TestTextFromElsewhere:
    def test_control_characters_are_escaped(self):
        assert printable("a\x1b[31mb\x07") == "a\\x1b[31mb\\x07"

    def test_white_space_becomes_single_spaces(self):
        assert printable(" a\n\n b\tc ") == "a b c"

    def test_direction_marks_and_lone_surrogates_are_escaped(self):
        assert printable("a\u202eb\udc80") == "a\\u202eb\\udc80"

    def test_letters_of_any_language_stay(self):
        assert printable("größer → 大") == "größer → 大"

    def test_a_long_text_keeps_its_head_and_its_tail(self):
        text = shortened("head" + "x" * 1000 + "tail", 50)
        assert len(text) == 50
        assert text.startswith("headx")
        assert text.endswith("xtail")

    def test_a_text_of_the_right_length_is_left_alone(self):
        assert shortened("x" * 50, 50) == "x" * 50


class TestJunit:
    def suites(self, *reports, failures=()):
        return ElementTree.fromstring(junit.document(reports, failures)).findall("testsuite")

    def test_a_verdict_as_expected_passes(self):
        (suite,) = self.suites(run_report(claim()))
        assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("small", "2", "0")

    def test_a_verdict_that_is_not_expected_is_a_failure_with_both_sides(self):
        (suite,) = self.suites(run_report(claim(verdict="not reproduced")))
        failure = suite.find("testcase[@name='the bias is large']/failure")
        assert failure.get("message") == "not reproduced, expected reproduced"
        assert "end(sgd.bias) = 0.9 > 0.5" in failure.text
        assert suite.get("failures") == "1"

    def test_an_expected_failure_to_reproduce_passes(self):
        (suite,) = self.suites(run_report(claim(verdict="not reproduced", expected="not reproduced")))
        assert suite.get("failures") == "0"

    def test_an_undecided_claim_is_skipped(self):
        (suite,) = self.suites(run_report(claim(verdict="undecided")))
        assert (suite.get("skipped"), suite.get("failures")) == ("1", "0")

    def test_training_that_did_not_come_to_its_end_is_an_error(self):
        (suite,) = self.suites(run_report(ended="time limit", complete=False))
        assert suite.find("testcase[@name='training']/error").get("message") == "time limit"
        assert suite.get("errors") == "1"

    def test_a_run_without_a_report_is_an_error(self):
        (suite,) = self.suites(failures=[Failure(preset="p", exit_code=3, problem="out of memory")])
        assert suite.find("testcase/error").get("message") == "out of memory"

    def test_control_characters_in_a_claim_leave_the_document_well_formed(self):
        (suite,) = self.suites(run_report(claim(says="a\x00b\x1b<&>")))
        assert suite.find("testcase[2]").get("name") == "a\\x00b\\x1b<&>"


class TestMarkdown:
    def test_it_says_what_was_run_and_what_came_out(self):
        page = markdown.document(ledger(run_report(claim())), commit="abc1234")
        assert "3.0 s of wall time; " in page
        assert ", commit `abc1234`" in page
        assert "1 of 1 verdict as expected" in page
        assert "torch 2.6" in page
        assert "cpu with 1 thread, seed 0, 200 steps, 3.0 s of wall time" in page
        assert (
            "| ✓ | the bias is large | `end(sgd.bias) = 0.9 > 0.5` | reproduced | a paper, section 3 |"
            in page
        )

    def test_what_is_not_as_expected_stands_out(self):
        page = markdown.document(ledger(run_report(claim(verdict="not reproduced"))))
        assert "**not reproduced, expected reproduced**" in page

    def test_a_retraction_and_a_reason_are_told(self):
        page = markdown.document(
            ledger(
                run_report(
                    claim(
                        verdict="not reproduced",
                        expected="not reproduced",
                        retracted="taken back",
                        because="decay is decoupled",
                    )
                )
            )
        )
        assert "retracted: taken back" in page
        assert "because decay is decoupled" in page
        assert "not reproduced, as expected" in page

    def test_a_claim_cannot_break_the_table(self):
        page = markdown.document(ledger(run_report(claim(says="a | b\n\n<script>"))))
        assert "| a \\| b \\<script\\> |" in page

    def test_a_run_that_left_no_report_is_told(self):
        failure = Failure(preset="other", exit_code=3, problem="ended by signal 9")
        page = markdown.document(ledger(failures=[failure]))
        assert "## other" in page
        assert "ended by signal 9" in page


class TestTables:
    def test_a_claim_is_shown_with_both_sides_verdict_and_origin(self):
        text = shown(run_tables(run_report(claim())))
        for part in (
            "✓",
            "the bias is large",
            "end(sgd.bias) = 0.9 > 0.5",
            "reproduced",
            "a paper, section 3",
        ):
            assert part in text

    def test_a_verdict_that_is_not_expected_names_what_was_expected(self):
        text = " ".join(shown(run_tables(run_report(claim(verdict="not reproduced")))).split())
        assert "not reproduced" in text
        assert "expected" in text
        assert "0 of 1 verdict as expected" in text

    def test_an_expected_failure_tells_why_and_that_it_was_retracted(self):
        disproved = claim(
            verdict="not reproduced", expected="not reproduced", retracted="in 2023", because="it drifts"
        )
        text = shown(run_tables(run_report(disproved)))
        assert "as expected" in text
        assert "retracted: in 2023" in text
        assert "because: it drifts" in text

    def test_replicas_tell_in_how_many_the_claim_held(self):
        several = claim(held_in=15, replicas=16, interval=[0.69768, 0.99842])
        text = shown(run_tables(run_report(several, seeds=list(range(16)))))
        assert "held in 15 of 16 seeds" in text
        assert "[0.698, 0.998]" in text
        assert "medians over 16 seeds" in text

    def test_events_and_interventions_of_an_arm_are_told(self):
        events = [
            EventReport(arm="sgd", step=40, name="fit", replica=0),
            EventReport(arm="sgd", step=1200, name="grok", replica=0),
            EventReport(arm="sgd", step=1500, name="divergence", replica=0),
        ]
        done = [
            {
                "arm": "sgd",
                "at_step": 300,
                "action": "switch",
                "optimizer": {"name": "adam", "lr": 0.5, "eps": 0},
            },
            {"arm": "sgd", "at_step": 400, "action": "set", "hyperparameter": "lr", "value": 0.25},
            {"arm": "sgd", "at_step": 500, "action": "jump", "norm": 2.0},
            {"arm": "sgd", "at_step": 600, "action": "reset"},
        ]
        text = shown(run_tables(run_report(events=events, interventions=done)))
        assert "1 200" in text
        for line in (
            "sgd diverged at step 1 500",
            "sgd at step 300: switch to Adam lr 0.5 eps 0",
            "sgd at step 400: lr = 0.25",
            "sgd at step 500: random jump of norm 2",
            "sgd at step 600: optimizer state reset",
        ):
            assert line in text

    def test_an_event_is_shown_as_never_seen_where_most_replicas_never_saw_it(self):
        events = [EventReport(arm="sgd", step=777, name="grok", replica=0)]
        assert "777" in shown(run_tables(run_report(events=events)))
        assert "777" not in shown(run_tables(run_report(events=events, seeds=[0, 1, 2])))

    @pytest.mark.parametrize("width", [80, 120])
    def test_nothing_is_cut_off(self, width):
        measures = {
            name: [1.234e-5] for name in ("memorizer_mean", "generalizer_mean", "l2_norm", "linf_norm")
        }
        text = shown(run_tables(run_report(claim(says="word " * 60), arms=[arm(**measures)])), width)
        assert max(len(line) for line in text.splitlines()) <= width
        assert "…" not in text
        assert text.count("1.2e-05") >= 2

    def test_a_wide_terminal_shows_more_measures(self):
        measures = {name: [0.5] for name in ("memorizer_mean", "generalizer_mean", "val_accuracy", "l2_norm")}
        report = run_report(arms=[arm(**measures)])
        assert "l2" not in shown(run_tables(report), 60)
        assert "l2" in shown(run_tables(report), 120)

    def test_a_claim_cannot_reach_the_terminal_with_control_characters(self):
        text = shown(run_tables(run_report(claim(says="\x1b[2J", origin="\x07"), title="\x1b]0;x")))
        assert "\x1b" not in text
        assert "\x07" not in text

    def test_a_claim_is_no_markup(self):
        assert "[red]x[/red] in [0, 1]" in shown(run_tables(run_report(claim(says="[red]x[/red] in [0, 1]"))))

    def test_the_ledger_tells_of_runs_that_left_no_report(self):
        failure = Failure(preset="other", exit_code=3, problem="ended by signal 9")
        text = shown(
            ledger_tables(ledger(run_report(claim()), failures=[failure], exit_code=3, complete=False))
        )
        assert "ended by signal 9" in text
        assert "1 of 1 verdict as expected, 1 preset in 3.0 s, 1 failed, not complete" in text

    def test_the_ledger_tells_what_went_wrong_in_a_run(self):
        diverged = run_report(ended="diverged", problem="arm 'sgd' diverged at step 3", complete=False)
        assert "arm 'sgd' diverged at step 3" in shown(ledger_tables(ledger(diverged, exit_code=3)))
