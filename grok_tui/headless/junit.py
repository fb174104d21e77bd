"""A run as JUnit XML, which every CI server shows: a suite per preset, a case per claim."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Tree

from grok_tui.frontend.report import ClaimReport, Failure, Report
from grok_tui.printable import printable


def document(reports: Sequence[Report], failures: Sequence[Failure] = ()) -> str:
    """Return the XML document.

    A claim is a failure when its verdict is not the expected one, and skipped while it is undecided. The case
    "training" of each suite is an error when training did not come to its end.
    """
    root = Tree.Element("testsuites", name="grok-tui")
    for report in reports:
        root.append(_suite(report))
    for failure in failures:
        suite = Tree.SubElement(root, "testsuite", name=printable(failure.preset))
        _training(suite, failure.preset, failure.problem)
        _count(suite, 0.0)
    Tree.indent(root)
    document: bytes = Tree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document.decode() + "\n"


def _suite(report: Report) -> Tree.Element:
    suite = Tree.Element("testsuite", name=printable(report.preset))
    properties = Tree.SubElement(suite, "properties")
    facts = {
        "profile": report.profile,
        "device": report.device_name,
        "seeds": " ".join(map(str, report.seeds)),
        **report.versions.model_dump(),
    }
    for name, value in facts.items():
        Tree.SubElement(properties, "property", name=name, value=str(value))
    _training(suite, report.preset, None if report.complete else report.problem or report.ended)
    for claim in report.claims:
        _claim(suite, report.preset, claim)
    _count(suite, report.wall_seconds)
    return suite


def _training(suite: Tree.Element, preset: str, problem: str | None) -> None:
    case = _case(suite, preset, "training")
    if problem is not None:
        Tree.SubElement(case, "error", type="training", message=printable(problem))


def _claim(suite: Tree.Element, preset: str, claim: ClaimReport) -> None:
    case = _case(suite, preset, claim.says)
    sides = "\n".join(printable(comparison.shown) for comparison in claim.comparisons)
    if claim.verdict == "undecided":
        Tree.SubElement(case, "skipped", message="undecided")
    elif not claim.as_expected:
        said = f"{claim.verdict}, expected {claim.expected}"
        Tree.SubElement(case, "failure", type="verdict", message=said).text = sides
    elif claim.control is not None and not claim.control.as_expected:
        said = f"{claim.control.verdict} under its control too, {printable(claim.control.what)}"
        Tree.SubElement(case, "failure", type="control", message=said).text = sides
    Tree.SubElement(case, "system-out").text = f"{sides}\n{printable(claim.origin)}"


def _case(suite: Tree.Element, preset: str, name: str) -> Tree.Element:
    return Tree.SubElement(
        suite, "testcase", classname=f"grok_tui.{printable(preset)}", name=printable(name), time="0"
    )


def _count(suite: Tree.Element, seconds: float) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for kind in ("failure", "error", "skipped"):
        plural = "skipped" if kind == "skipped" else f"{kind}s"
        suite.set(plural, str(len(suite.findall(f"testcase/{kind}"))))
    suite.set("time", f"{seconds:.3f}")
